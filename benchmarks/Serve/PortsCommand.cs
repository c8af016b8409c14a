using System.Net;
using System.Net.Sockets;

namespace Slice.Benchmarks.Serve;

/// <summary>The verb <c>ports</c>: free loopback ports for servers that cannot choose one themselves.</summary>
internal static class PortsCommand
{
    /// <summary>
    /// Prints as many different ports as asked, on one line. Somebody may take one before its server does: the server then says so, and the
    /// run is repeated.
    /// </summary>
    public static int Run(string[] args)
    {
        var arguments = new Arguments(args);
        int count = (int)arguments.Number("--count", 1);
        arguments.RefuseUnknown();
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToList();
        listeners.ForEach(listener => listener.Start());
        Console.WriteLine(string.Join(' ', listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)));
        listeners.ForEach(listener => listener.Dispose());
        return 0;
    }
}
