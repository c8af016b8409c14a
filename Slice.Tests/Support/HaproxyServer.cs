using System.Globalization;

namespace Slice.Tests.Support;

/// <summary>A real HAProxy (Debian's package). Its absence fails the test with the package's name.</summary>
public sealed class HaproxyServer : LocalServer
{
    private const string Program = "/usr/sbin/haproxy";

    private HaproxyServer(ChildProcess process, TestDirectory directory, int port)
        : base(process, directory, port)
    {
    }

    /// <summary>
    /// Starts HAProxy in the foreground with this configuration; <c>{{port}}</c> and <c>{{prefix}}</c> are filled in. It listens on
    /// <c>127.0.0.1:{{port}}</c>.
    /// </summary>
    public static Task<HaproxyServer> StartAsync(string configuration) => FreePort.RetryAsync(async port =>
    {
        var directory = new TestDirectory("haproxy");
        string path = directory.Combine("haproxy.cfg");
        string text = FillTemplate(configuration, ("port", port.ToString(CultureInfo.InvariantCulture)), ("prefix", directory.Path));
        await File.WriteAllTextAsync(path, text.TrimEnd() + "\n");
        ChildProcess process = await StartAsync(directory, port, Program, ["-db", "-f", path], "haproxy");
        return new HaproxyServer(process, directory, port);
    });
}
