namespace Slice.Core.Fetching;

/// <summary>The answer of a shared tier about one slice: its bytes, or a turn to ask the origin, or neither.</summary>
/// <param name="Bytes">The slice, checked against damage; empty when the tier does not have it.</param>
/// <param name="Owner">Whose memory the bytes are in; the caller disposes it when they are read.</param>
/// <param name="Turn">The turn to ask the origin; null where nobody waits. The caller ends it.</param>
public readonly record struct TierSlice(ReadOnlyMemory<byte> Bytes, IDisposable? Owner, TierTurn? Turn) : IAsyncDisposable
{
    /// <summary>What comes behind bytes that are only the beginning; null when they are all.</summary>
    public Task<TierSlice>? Rest { get; init; }

    /// <summary>Whether the tier was asked and does not have it, so that another instance may be bringing it.</summary>
    public bool IsMissing { get; init; }

    /// <summary>Gives back the memory of the bytes, and of the rest once that has come.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Rest is { } rest)
        {
            // First the rest: until then its beginning is compared with the bytes.
            await ((Task)rest).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (rest.IsCompletedSuccessfully)
            {
                await (await rest).DisposeAsync();
            }
        }

        Owner?.Dispose();
    }
}
