using System.Buffers;

namespace Slice.Net.Origin;

/// <summary>Where the body of a client's request goes. One writer.</summary>
internal interface IRequestBodySink
{
    /// <summary>Takes the next bytes, at the pace of whoever gets them.</summary>
    /// <exception cref="IOException">They cannot be written.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    ValueTask WriteAsync(ReadOnlySequence<byte> data, CancellationToken ct);

    /// <summary>True before each wait for this sink; false before each wait for the client.</summary>
    void IsAwaited(bool isAwaited);
}
