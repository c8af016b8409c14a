using System.Diagnostics.CodeAnalysis;

namespace Slice.Core.Origin;

/// <summary>A cancellation that lives as long as anybody knows its token. Thread-safe.</summary>
[SuppressMessage(
    "Design", "CA1001", Justification = "A source without a timer and without links holds nothing, and may be raised at any time.")]
internal sealed class CancellationSignal
{
    private readonly CancellationTokenSource _source = new();

    /// <summary>Cancelled by <see cref="Raise"/>.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>Cancels the token, and runs what is registered there. Not under a lock that the listeners may want.</summary>
    public void Raise() => _source.Cancel();
}
