namespace Slice.Net.SharedCache.Files;

/// <summary>
/// A copy of a value with its header in front, as its file is going to be. A copy, since a caller who has left takes his memory with him
/// while a thread may still be writing; and one call writes both. Disposed once, by whoever has it.
/// </summary>
internal sealed class FileImage : IDisposable
{
    private readonly PooledBytes _bytes;
    private readonly DirectoryBudget? _budget;
    private readonly FileImages _all;

    /// <summary>Copies a value.</summary>
    /// <param name="all">Knows how much is copied.</param>
    /// <param name="budget">Is told when the file is there; null when the file does not count.</param>
    /// <param name="header">The header.</param>
    /// <param name="value">The value.</param>
    public FileImage(FileImages all, DirectoryBudget? budget, ValueHeader header, ReadOnlySpan<byte> value)
    {
        _all = all;
        _budget = budget;
        _bytes = new PooledBytes(ValueHeader.Bytes + value.Length);
        header.Write(_bytes.Memory.Span);
        value.CopyTo(_bytes.Memory.Span[ValueHeader.Bytes..]);
        LengthBytes = ValueHeader.Bytes + value.Length;
    }

    /// <summary>Length of the file.</summary>
    public int LengthBytes { get; }

    /// <summary>The bytes of the file.</summary>
    public ReadOnlySpan<byte> Span => _bytes.Memory.Span;

    /// <inheritdoc/>
    public void Dispose()
    {
        _bytes.Dispose();
        _budget?.Done(LengthBytes);
        _all.Release(LengthBytes);
    }
}
