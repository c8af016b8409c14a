using System.Net;
using System.Net.Sockets;
using Slice.Host.Machine;

namespace Slice.Host.Service;

/// <summary>
/// The listening sockets of an instance: those that were handed to it, each for the key that names its address, and those that it opens
/// itself. All of them can be handed on (<see cref="Open"/>). Not thread-safe until the instance listens, but for what says so; then only
/// read.
/// </summary>
internal sealed class PortSockets
{
    // What a socket unit may call a port (FileDescriptorName=). Any other name is ignored, and the address decides.
    private static readonly Dictionary<string, string> s_keyByName = new()
    {
        ["proxy"] = "listen_address",
        ["tls"] = "tls.listen_address",
        ["metrics"] = "metrics_endpoint.address",
    };

    private readonly IReadOnlyList<HandedDescriptor> _handed;
    private readonly Dictionary<EndPoint, (Socket Socket, bool IsHeld)> _claimed = [];
    private readonly List<HandedDescriptor> _open = [];
    private readonly TaskCompletionSource<string> _failure = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="handed">What another process has left; empty for none.</param>
    /// <param name="isServedByOther">Whether another process accepts at them for now: then the gate is closed.</param>
    public PortSockets(IReadOnlyList<HandedDescriptor> handed, bool isServedByOther = false)
    {
        _handed = handed;
        Gate = new AcceptGate(isOpen: !isServedByOther);
    }

    /// <summary>Decides whether connections are taken.</summary>
    public AcceptGate Gate { get; }

    /// <summary>Is done when a port has ceased to take connections without being told to: the key, and why.</summary>
    public Task<string> Failure => _failure.Task;

    /// <summary>The sockets that listen, to be handed on: a program that is started has them under the same numbers.</summary>
    public IReadOnlyList<HandedDescriptor> Open => _open;

    /// <summary>Whether clients that connect while no process accepts wait at the service manager's instead of being refused.</summary>
    public bool AreHeld { get; private set; }

    /// <summary>A port cannot take connections any more. Thread-safe.</summary>
    /// <param name="key">Its configuration key.</param>
    /// <param name="error">Why.</param>
    public void Fail(string key, Exception error) => _failure.TrySetResult($"{key}: {error.Message}");

    /// <summary>Gives each socket that was handed over to the endpoint with its name or its address.</summary>
    /// <param name="keyByEndPoint">The endpoints that are configured, with their keys.</param>
    /// <exception cref="InstanceStartException">
    /// The service manager holds a socket that no endpoint is for: its clients would wait for ever.
    /// </exception>
    public void Claim(IReadOnlyDictionary<EndPoint, string> keyByEndPoint)
    {
        foreach (var handed in _handed)
        {
            var socket = Adopt(handed);
            if (FindEndPoint(handed, socket, keyByEndPoint) is not { } endPoint)
            {
                // The port has moved since the process before this one opened it.
                socket.Dispose();
                continue;
            }

            if (!_claimed.TryAdd(endPoint, (socket, handed.IsHeld)))
            {
                throw new InstanceStartException($"{keyByEndPoint[endPoint]}: two sockets were passed for it, at {socket.LocalEndPoint}");
            }

            AreHeld |= handed.IsHeld && keyByEndPoint[endPoint] != s_keyByName["metrics"];
        }
    }

    /// <summary>Takes the socket that was handed over for an endpoint; null when there is none, and one has to be opened.</summary>
    public Socket? Take(EndPoint endPoint)
    {
        if (!_claimed.Remove(endPoint, out var claimed))
        {
            return null;
        }

        Add(claimed.Socket, claimed.IsHeld);
        return claimed.Socket;
    }

    /// <summary>Remembers a socket that listens. Its owner closes it.</summary>
    public void Add(Socket socket) => Add(socket, isHeld: false);

    private void Add(Socket socket, bool isHeld)
    {
        // Two reasons. A replacement inherits it. And a socket that the BCL knows to be shared is closed without disconnecting it, which
        // would end it in the other process too (SafeSocketHandle.TryUnblockSocket).
        if (NativeDescriptors.Bequeath(socket.SafeHandle))
        {
            _open.Add(new HandedDescriptor((int)socket.SafeHandle.DangerousGetHandle(), Name: null, isHeld));
        }
    }

    private static Socket Adopt(HandedDescriptor handed)
    {
        Socket socket;
        try
        {
            socket = new Socket(new SafeSocketHandle(handed.Number, ownsHandle: true));
        }
        catch (SocketException exception)
        {
            throw new InstanceStartException($"descriptor {handed.Number} was passed and is no socket: {exception.Message}", exception);
        }

        // accept(2) would fail, for ever, in a process that says that it is ready.
        return WhyUseless(socket) is not { } problem
            ? socket
            : throw new InstanceStartException(
                $"descriptor {handed.Number} was passed and {problem}: a socket unit must have it as ListenStream=, without Accept=yes");
    }

    private static string? WhyUseless(Socket socket) => socket.SocketType switch
    {
        // What the BCL makes of a file, and of a descriptor that is not open.
        SocketType.Unknown => "is no socket",
        SocketType.Stream => IsListening(socket) ? null : $"does not listen, at {socket.LocalEndPoint}",
        var other => $"is a socket of type {other}, at {socket.LocalEndPoint}",
    };

    // SO_ACCEPTCONN of socket(7).
    private static bool IsListening(Socket socket) =>
        socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.AcceptConnection) is not 0;

    private static IPEndPoint? FindEndPoint(HandedDescriptor handed, Socket socket, IReadOnlyDictionary<EndPoint, string> keyByEndPoint)
    {
        var local = socket.LocalEndPoint as IPEndPoint;
        if (handed.Name is { } name && s_keyByName.TryGetValue(name, out string? key))
        {
            var named = keyByEndPoint.Where(pair => pair.Value == key).Select(pair => (IPEndPoint)pair.Key).SingleOrDefault();
            return named is null ? throw Mismatch(handed, socket, $"{key} is not configured")
                : Fits(named, local) ? named
                : throw Mismatch(handed, socket, $"{key} is {named}");
        }

        var found = keyByEndPoint.Keys.Cast<IPEndPoint>().FirstOrDefault(endPoint => Fits(endPoint, local));
        return found is null && handed.IsHeld
            ? throw Mismatch(handed, socket, string.Join(", ", keyByEndPoint.Select(pair => $"{pair.Value} is {pair.Key}")))
            : found;
    }

    private static bool Fits(IPEndPoint configured, IPEndPoint? local) =>
        local is not null && configured.Address.Equals(local.Address) && (configured.Port == 0 || configured.Port == local.Port);

    private static InstanceStartException Mismatch(HandedDescriptor handed, Socket socket, string configured)
    {
        string name = handed.Name is null ? "" : $" as {handed.Name}";
        return new InstanceStartException(
            $"systemd listens on {socket.LocalEndPoint}{name}, but {configured}: ListenStream= of the socket unit and the configuration "
            + "must say the same");
    }
}
