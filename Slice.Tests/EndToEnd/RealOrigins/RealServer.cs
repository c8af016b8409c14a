using System.Globalization;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd.RealOrigins;

/// <summary>
/// A web server of another project as an origin, from Debian's package, on a free loopback port. Its absence fails the test with the
/// package's name. Ended with SIGTERM by its id.
/// </summary>
internal sealed class RealServer : LocalServer
{
    private const string ConfigurationName = "server.conf";

    private RealServer(ChildProcess process, TestDirectory directory, int port)
        : base(process, directory, port)
    {
    }

    /// <summary>The address for <c>upstream_address</c>.</summary>
    public Uri Uri => new($"http://{Authority}");

    /// <summary>
    /// Starts the package's <paramref name="program"/>. In configuration and arguments <c>{{port}}</c>, <c>{{prefix}}</c> (a directory of
    /// its own) and <c>{{config}}</c> (the file with the configuration) are filled in.
    /// </summary>
    public static Task<RealServer> StartAsync(string package, string program, string configuration, params string[] arguments)
        => FreePort.RetryAsync(async port =>
        {
            var directory = new TestDirectory(package);
            string path = directory.Combine(ConfigurationName);
            string Fill(string text) => FillTemplate(
                text, ("port", port.ToString(CultureInfo.InvariantCulture)), ("prefix", directory.Path), ("config", path));
            await File.WriteAllTextAsync(path, Fill(configuration).TrimEnd() + "\n");
            return new RealServer(await StartAsync(directory, port, program, [.. arguments.Select(Fill)], package), directory, port);
        });
}
