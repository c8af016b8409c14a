using Slice.Core.SharedCache;

namespace Slice.Net.SharedCache.Files;

/// <summary>How much memory the copies of values take that wait to be written. Thread-safe.</summary>
internal sealed class FileImages
{
    // Two of the longest values, 128 slices of the usual size. Arbitrary.
    private const long MaxBytes = 2L * (ValueFiles.MaxValueBytes + ValueHeader.Bytes);

    private long _bytes;

    /// <summary>Copies a value for its file.</summary>
    /// <exception cref="KeyValueStoreException">Too much is waiting.</exception>
    public FileImage Copy(string key, ReadOnlySpan<byte> value, TimeSpan lifetime, DirectoryBudget? budget)
    {
        int lengthBytes = ValueHeader.Bytes + value.Length;
        if (Interlocked.Add(ref _bytes, lengthBytes) > MaxBytes)
        {
            Release(lengthBytes);
            budget?.Done(lengthBytes);
            throw new KeyValueStoreException($"the shared directory is busy: {MaxBytes} bytes wait to be written");
        }

        return new FileImage(this, budget, ValueHeader.For(key, lifetime, value.Length), value);
    }

    /// <summary>A copy is not needed any more.</summary>
    public void Release(int lengthBytes) => Interlocked.Add(ref _bytes, -lengthBytes);
}
