namespace Slice.Benchmarks.Load;

/// <summary>A connection to a server, of one thread that waits for each byte.</summary>
internal interface ILoadConnection : IDisposable
{
    /// <summary>Sends all of them.</summary>
    void Send(ReadOnlySpan<byte> bytes);

    /// <summary>At least one byte, at most <paramref name="buffer"/>; the peer's close throws.</summary>
    int Receive(Span<byte> buffer);

    /// <summary>Removes exactly <paramref name="count"/> bytes, as cheaply as the connection can.</summary>
    void Discard(long count);
}
