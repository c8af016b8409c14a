using Microsoft.AspNetCore.Connections;
using Slice.Core.Observability;

namespace Slice.Net.Connections;

/// <summary>
/// Counts the connections of some ports together, and closes those beyond a limit without a word. Stands before everything else of a
/// connection. Thread-safe.
/// </summary>
/// <remarks>Kestrel has such a limit too, one for all ports: clients would take the places of the metrics port.</remarks>
/// <param name="max">Most connections at once.</param>
/// <param name="meter">Shows those that are open, and those that were refused.</param>
internal sealed class ConnectionLimit(int max, SliceMeter meter)
{
    private int _open;

    /// <summary>Serves the connection by <paramref name="next"/>; closes it at once when there are enough.</summary>
    public async Task OnConnectedAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        try
        {
            if (Interlocked.Increment(ref _open) > max)
            {
                // Kestrel closes a connection whose task ends.
                meter.RefusedConnections.Add((int)ConnectionRefusal.MaxConnections);
                return;
            }

            meter.Connections.Add(1);
            meter.OpenConnections.Add(1);
            try
            {
                await next(connection);
            }
            finally
            {
                meter.OpenConnections.Add(-1);
            }
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }
}
