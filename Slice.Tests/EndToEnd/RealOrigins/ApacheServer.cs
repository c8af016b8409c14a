namespace Slice.Tests.EndToEnd.RealOrigins;

/// <summary>Apache httpd (Debian's package apache2), with modules for files, CGI and WebDAV.</summary>
internal static class ApacheServer
{
    // Everything Apache would put under /var goes to the prefix. Its children never run as root: they get Debian's account for web servers,
    // and the directories served are open to everybody.
    private const string Preamble = """
        ServerRoot {{prefix}}
        DefaultRuntimeDir {{prefix}}
        PidFile {{prefix}}/apache.pid
        Listen 127.0.0.1:{{port}}
        ServerName 127.0.0.1
        ErrorLog /dev/stderr
        LogLevel warn
        {{user}}
        {{modules}}
        StartServers 1
        ThreadsPerChild 32
        ServerLimit 2
        MaxRequestWorkers 64
        TypesConfig /dev/null
        <Directory />
            Require all granted
        </Directory>
        {{directives}}
        """;

    private static readonly string[] s_modules =
        ["mpm_event", "authz_core", "mime", "alias", "env", "cgi", "dav", "dav_fs"];

    /// <summary>Starts it with <paramref name="directives"/> added to its configuration.</summary>
    public static Task<RealServer> StartAsync(string directives) => RealServer.StartAsync(
        "apache2",
        "/usr/sbin/apache2",
        Preamble
            .Replace("{{user}}", Environment.UserName == "root" ? "User www-data\nGroup www-data" : "", StringComparison.Ordinal)
            .Replace("{{modules}}", string.Join('\n', s_modules.Select(Load)), StringComparison.Ordinal)
            .Replace("{{directives}}", directives, StringComparison.Ordinal),
        "-D",
        "FOREGROUND",
        "-f",
        "{{config}}");

    private static string Load(string module) => $"LoadModule {module}_module /usr/lib/apache2/modules/mod_{module}.so";
}
