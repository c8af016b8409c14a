using System.Runtime.InteropServices;
using Microsoft.Extensions.Hosting;

namespace Slice.Host.Service;

/// <summary>
/// Tells the instance of SIGTERM, SIGINT and SIGQUIT, each as often as it comes. Not the host's own console lifetime, which stops at once
/// and leaves no time in which balancers could look elsewhere.
/// </summary>
/// <param name="onSignal">Called for each, on a thread of the pool; must neither wait nor throw.</param>
internal sealed class SignalLifetime(Action onSignal) : IHostLifetime, IDisposable
{
    private readonly List<PosixSignalRegistration> _signals = [];

    /// <summary>Takes the signals over until it is disposed.</summary>
    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        foreach (var signal in (PosixSignal[])[PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGQUIT])
        {
            _signals.Add(PosixSignalRegistration.Create(signal, OnSignal));
        }

        return Task.CompletedTask;
    }

    /// <summary>Nothing: the signals stay taken over while running responses finish.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var signal in _signals)
        {
            signal.Dispose();
        }

        _signals.Clear();
    }

    private void OnSignal(PosixSignalContext context)
    {
        // Without this the runtime ends the process.
        context.Cancel = true;
        onSignal();
    }
}
