using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Slice.Net.Connections;

/// <summary>
/// Ends TLS connections whose handshake is not complete when the instance stops: no request of theirs waits for an answer, and Kestrel
/// would wait for each until <c>timeouts.request_head</c> has passed. <see cref="Begin"/> stands before TLS, <see cref="Complete"/> behind
/// it.
/// </summary>
internal static class HandshakeDraining
{
    /// <summary>Watches over the handshake that <paramref name="next"/> begins.</summary>
    public static async Task Begin(ConnectionContext connection, ConnectionDelegate next)
    {
        var draining = connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested
            ?? CancellationToken.None;
        using var handshake = draining.UnsafeRegister(static connection => ((ConnectionContext)connection!).Abort(), connection);
        connection.Items[typeof(HandshakeDraining)] = handshake;
        await next(connection);
    }

    /// <summary>Leaves the connection to <paramref name="next"/>, which knows what it still has to answer.</summary>
    public static Task Complete(ConnectionContext connection, ConnectionDelegate next)
    {
        // An abort that has begun is not undone, nor waited for.
        _ = connection.Items[typeof(HandshakeDraining)] is CancellationTokenRegistration handshake && handshake.Unregister();
        return next(connection);
    }
}
