using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Slice.Host.Service;

/// <summary>
/// The connections of clients at sockets that the service manager holds. Who connects after this process has stopped accepting waits until
/// the next one runs, and that is not before the last download here has ended: so this process goes on accepting until those that are open
/// are done in a moment. Thread-safe.
/// </summary>
internal sealed class HeldConnections
{
    // What takes longer is a download, for which others would wait. Arbitrary.
    private static readonly TimeSpan s_moment = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly HashSet<Held> _open = [];
    private TaskCompletionSource? _drained;
    private int _oldLeft;
    private bool _isDraining;

    /// <summary>Serves a connection by <paramref name="next"/> and knows of it meanwhile.</summary>
    public async Task ServeAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var held = new Held(connection);
        bool isLate;
        lock (_lock)
        {
            _open.Add(held);
            isLate = _isDraining;
        }

        if (isLate)
        {
            // For one answer. A kept connection would be waited for when this process accepts no more, and with it all who come then.
            RequestClose(connection);
        }

        try
        {
            await next(connection);
        }
        finally
        {
            Remove(held);
        }
    }

    /// <summary>
    /// Has the connections that are open now end with the answer they are at, and waits until they have. New ones are for one answer. Those
    /// that have come meanwhile are waited for too, until what was open at one time was done in a moment: a download that has begun a
    /// moment after the stop would else keep the next process from starting, and all who come from waiting. Called once.
    /// </summary>
    /// <param name="atMost">How long it waits.</param>
    /// <param name="time">The clock.</param>
    public async Task DrainAsync(TimeSpan atMost, TimeProvider time)
    {
        long startedAt = time.GetTimestamp();
        var took = TimeSpan.MaxValue;
        for (int round = 0; round < 2 || took > s_moment; round++)
        {
            var left = atMost - time.GetElapsedTime(startedAt);
            if (left <= TimeSpan.Zero)
            {
                return;
            }

            long roundAt = time.GetTimestamp();
            await Task.WhenAny(EndOpen(), Task.Delay(left, time));
            took = time.GetElapsedTime(roundAt);
        }
    }

    // Completes when all that are open now have ended.
    private Task EndOpen()
    {
        Held[] old;
        var drained = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _isDraining = true;
            _drained = drained;
            old = [.. _open];
            _oldLeft = old.Length;
            foreach (var held in old)
            {
                held.IsOld = true;
            }
        }

        // Not under the lock: a connection that ends at this word comes back for it.
        foreach (var held in old)
        {
            RequestClose(held.Connection);
        }

        return old.Length == 0 ? Task.CompletedTask : drained.Task;
    }

    private static void RequestClose(ConnectionContext connection) =>
        connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();

    private void Remove(Held held)
    {
        lock (_lock)
        {
            _open.Remove(held);
            if (held.IsOld && --_oldLeft == 0)
            {
                _drained!.SetResult();
            }
        }
    }

    private sealed class Held(ConnectionContext connection)
    {
        public ConnectionContext Connection => connection;

        public bool IsOld { get; set; }
    }
}
