using System.Net;
using Slice.Core.Options;
using Slice.Host.Configuration;
using Slice.Host.Service;
using Slice.Host.Text;

namespace Slice.Host.CommandLine;

/// <summary><c>health</c>: for a container or a script that has no curl.</summary>
internal static class HealthCommandRunner
{
    // A health answer is a line of JSON; arbitrary.
    private const int MaxAnswerBytes = 64 << 10;

    /// <summary>Asks, and prints the answer.</summary>
    /// <param name="command">Whom, and for how long.</param>
    /// <param name="load">Loads a configuration.</param>
    /// <param name="output">Gets the answer.</param>
    /// <param name="error">Gets what is wrong.</param>
    /// <returns>
    /// <see cref="ExitCode.Ok"/> for status 200, <see cref="ExitCode.Unhealthy"/> for another status or no answer, or <see
    /// cref="ExitCode.Configuration"/>.
    /// </returns>
    public static async Task<int> RunAsync(
        HealthCommand command, Func<ConfigurationRequest, LoadedConfiguration> load, TextWriter output, TextWriter error)
    {
        Uri? url = command.Url;
        if (url is null)
        {
            LoadedConfiguration loaded = load(command.Configuration);
            if (loaded.Options is null)
            {
                ConfigurationCheck.WriteErrors(loaded.Errors, error);
                return ExitCode.Configuration;
            }

            url = UrlOf(loaded.Options);
            if (url is null)
            {
                error.WriteLine("pingora-slice: the port is open in the configuration, or wants PROXY headers: name a URL");
                return ExitCode.Configuration;
            }
        }

        // Never through a proxy of the environment: the instance is here, and its answer must be its own.
        using HttpClient client = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false })
        {
            Timeout = command.Timeout,
            MaxResponseContentBufferSize = MaxAnswerBytes,
        };
        try
        {
            using HttpResponseMessage answer = await client.GetAsync(url);
            output.WriteLine(PrintableText.EscapeInvisible((await answer.Content.ReadAsStringAsync()).TrimEnd(), MaxAnswerBytes));
            if (answer.StatusCode == HttpStatusCode.OK)
            {
                return ExitCode.Ok;
            }

            error.WriteLine($"pingora-slice: {url} answers {(int)answer.StatusCode}");
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
        {
            string reason = exception is OperationCanceledException
                ? $"no answer within {DurationText.Format(command.Timeout)}"
                : exception.InnerException?.Message ?? exception.Message;
            error.WriteLine($"pingora-slice: {url}: {PrintableText.Escape(reason, int.MaxValue)}");
        }

        return ExitCode.Unhealthy;
    }

    /// <summary>
    /// Where an instance with these options answers health checks; null when nobody knows its port, or the port wants PROXY headers.
    /// </summary>
    internal static Uri? UrlOf(SliceOptions options)
    {
        bool asksOperators = options.MetricsEndpoint.Enabled;
        string address = asksOperators ? options.MetricsEndpoint.Address : options.ListenAddress;
        if (ListenAddress.Parse(address, out IPEndPoint? listening) is not null
            || listening!.Port == 0
            || (!asksOperators && options.ProxyProtocol.Enabled))
        {
            return null;
        }

        // Who listens on all addresses is reached by the machine's own.
        IPAddress host = listening.Address.Equals(IPAddress.Any) ? IPAddress.Loopback
            : listening.Address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback
            : listening.Address;
        return new Uri($"http://{new IPEndPoint(host, listening.Port)}{(asksOperators ? "/health" : options.HealthPath)}");
    }
}
