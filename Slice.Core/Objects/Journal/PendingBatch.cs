namespace Slice.Core.Objects.Journal;

/// <summary>What <see cref="PendingRecords.Take"/> gives to the thread that writes.</summary>
/// <param name="Records">The records; the buffer is the taker's until it takes the next batch.</param>
/// <param name="Flushes">Those who wait until the records are written; the taker answers each of them, or lets them wait on.</param>
/// <param name="HasOverflowed">Whether records before these were given up, so that an index that lacks them is of no use.</param>
/// <param name="IsLast">Whether no others will come.</param>
internal readonly record struct PendingBatch(
    RecordBuffer Records, List<TaskCompletionSource<bool>> Flushes, bool HasOverflowed, bool IsLast);
