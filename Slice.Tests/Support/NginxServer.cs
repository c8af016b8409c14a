namespace Slice.Tests.Support;

/// <summary>A real nginx (Debian's package). Its absence fails the test with the package's name.</summary>
public sealed class NginxServer : LocalServer
{
    private const string Program = "/usr/sbin/nginx";

    // Everything nginx would put under /var goes to the prefix, so that no rights and no other instance matter. tcp_nopush stays off: on
    // loopback its cork waits for the client's delayed acknowledgement, 40 ms, whenever a response is a little longer than one segment of
    // 64 KiB.
    private const string Preamble = """
        daemon off;
        master_process {{master}};
        worker_processes 1;
        {{user}}
        pid {{prefix}}/nginx.pid;
        error_log stderr warn;
        worker_rlimit_nofile 4096;
        events { worker_connections 2048; }
        http {
            log_format requests '$request_method\t$request_uri\t$status\t$body_bytes_sent\t$http_range';
            access_log {{prefix}}/access.log requests;
            client_body_temp_path {{prefix}}/body;
            proxy_temp_path {{prefix}}/proxy;
            fastcgi_temp_path {{prefix}}/fastcgi;
            uwsgi_temp_path {{prefix}}/uwsgi;
            scgi_temp_path {{prefix}}/scgi;
            default_type application/octet-stream;
            sendfile on;
            keepalive_requests 1000000;
        {{http}}
        }
        """;

    private NginxServer(ChildProcess process, TestDirectory directory, int port)
        : base(process, directory, port)
    {
    }

    /// <summary>
    /// Starts nginx with <paramref name="http"/> as the content of its <c>http</c> block; <c>{{port}}</c> and <c>{{prefix}}</c> are filled
    /// in. One worker; with <paramref name="hasMaster"/> it is a child of a master, else there is one process.
    /// </summary>
    public static Task<NginxServer> StartAsync(string http, bool hasMaster = false) => FreePort.RetryAsync(async port =>
    {
        var directory = new TestDirectory("nginx");
        string configuration = FillTemplate(
            Preamble.Replace("{{http}}", http, StringComparison.Ordinal),
            ("master", hasMaster ? "on" : "off"),
            ("user", Environment.UserName == "root" ? "user root;" : ""),
            ("prefix", directory.Path),
            ("port", port.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        string path = directory.Combine("nginx.conf");
        await File.WriteAllTextAsync(path, configuration);
        ChildProcess process = await StartAsync(directory, port, Program, ["-p", directory.Path, "-c", path, "-e", "stderr"], "nginx");
        return new NginxServer(process, directory, port);
    });

    /// <summary>
    /// Starts an origin of the static files under <paramref name="root"/>, with sendfile; <paramref name="directives"/> join its
    /// <c>server</c> block.
    /// </summary>
    public static Task<NginxServer> StartStaticAsync(string root, string directives = "") => StartAsync($$$"""
        server {
            listen 127.0.0.1:{{port}} backlog=1024;
            root {{{root}}};
            {{{directives}}}
        }
        """);

    /// <summary>
    /// The requests answered so far, in the order in which their answers ended. An answer's line may appear a moment after its last byte.
    /// </summary>
    public IReadOnlyList<NginxAccess> ReadAccessLog()
    {
        string path = Path.Combine(Prefix, "access.log");
        return File.Exists(path) ? [.. File.ReadLines(path).Select(NginxAccess.Parse)] : [];
    }
}

/// <summary>One line of an <see cref="NginxServer"/>'s access log; <paramref name="Range"/> is <c>-</c> without the field.</summary>
public sealed record NginxAccess(string Method, string Target, int Status, long BodyBytes, string Range)
{
    internal static NginxAccess Parse(string line)
    {
        string[] columns = line.Split('\t');
        var invariant = System.Globalization.CultureInfo.InvariantCulture;
        return new NginxAccess(columns[0], columns[1], int.Parse(columns[2], invariant), long.Parse(columns[3], invariant), columns[4]);
    }
}
