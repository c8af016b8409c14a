using Microsoft.AspNetCore.Connections;
using Slice.Net.Exchange;

namespace Slice.Net.Connections;

/// <summary>Takes connections from Kestrel; one <see cref="Http1Connection"/> each.</summary>
internal sealed class SliceConnectionHandler(ConnectionServices services, IRequestHandler handler) : ConnectionHandler
{
    /// <inheritdoc/>
    public override Task OnConnectedAsync(ConnectionContext connection) => new Http1Connection(connection, services, handler).RunAsync();
}
