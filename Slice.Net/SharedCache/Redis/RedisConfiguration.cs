using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Slice.Core.Options;
using Slice.Net.Certificates;
using StackExchange.Redis;

namespace Slice.Net.SharedCache.Redis;

/// <summary>What StackExchange.Redis is told of <see cref="SharedCacheOptions"/>.</summary>
internal static class RedisConfiguration
{
    /// <summary>
    /// How long an attempt to connect may take. Arbitrary: above three SYNs to a server that lost two (RFC 6298 §2: after one second and
    /// after two more), and the handshake of TLS.
    /// </summary>
    public const int ConnectTimeoutMs = 4_000;

    // 200 ms, as a failover of Redis takes seconds: soon enough to be back, too rare to be a load. Attempts are made by the heartbeat.
    private const int ReconnectMs = 200;

    // The deadlines are those of the callers, some tens of milliseconds to seconds. This one is for answers that nobody waits for any more:
    // four times as long without a byte, and the library takes the connection for dead.
    private const int AnswerTimeoutMs = 5_000;

    // CONFIG, which users with few rights may not use, so that each connection would leave a line in the log of what was refused (ACL LOG).
    private static readonly HashSet<string> s_unused = ["CONFIG"];

    /// <summary>The configuration; another one for each connection, as the library keeps it.</summary>
    /// <exception cref="InvalidDataException">An address or the file of CA certificates cannot be used; the message says why.</exception>
    public static ConfigurationOptions Create(SharedCacheOptions options)
    {
        var configuration = new ConfigurationOptions
        {
            ClientName = "pingora-slice",

            // CLIENT SETINFO is of Redis 7.2: no rule (ACL) of an older server can permit it.
            SetClientLibrary = false,
            ServiceName = options.Sentinel,
            User = options.User,
            Password = options.Password,
            Protocol = RedisProtocol.Resp3,
            AbortOnConnectFail = false,

            // The library counts INFO, for the description, among what administrators do.
            AllowAdmin = true,
            BacklogPolicy = BacklogPolicy.FailFast,
            ConnectRetry = 1,
            ConnectTimeout = ConnectTimeoutMs,
            ReconnectRetryPolicy = new LinearRetry(ReconnectMs),
            HeartbeatInterval = TimeSpan.FromMilliseconds(ReconnectMs),
            AsyncTimeout = AnswerTimeoutMs,
            SyncTimeout = AnswerTimeoutMs,
            IncludeDetailInExceptions = false,

            // Two keys and a channel of the library's own, outside of the prefix.
            ConfigurationChannel = "",
            TieBreaker = "",
        };
        if (options.Sentinel is null)
        {
            configuration.CommandMap = CommandMap.Create(s_unused, available: false);
        }

        foreach (string address in options.Addresses)
        {
            configuration.EndPoints.Add(ParseAddress(address));
        }

        if (options.UsesTls)
        {
            SetTls(configuration, options);
        }

        return configuration;
    }

    private static EndPoint ParseAddress(string address)
    {
        int colon = address.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(address.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
        {
            throw new InvalidDataException($"shared_cache.address: {address}: must be HOST:PORT");
        }

        string host = address[..colon].Trim('[', ']');
        return IPAddress.TryParse(host, out var ip) ? new IPEndPoint(ip, port) : new DnsEndPoint(host, port);
    }

    // As with an origin: no revocation lists, no certificates from elsewhere (OriginTls says why).
    private static void SetTls(ConfigurationOptions configuration, SharedCacheOptions options)
    {
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        if (options.TlsCaFile is string file)
        {
            if (CertificateBundle.Read(file, out var certificates) is string problem)
            {
                throw new InvalidDataException($"shared_cache.tls_ca_file: {file}: {problem}");
            }

            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(certificates);
        }

        configuration.Ssl = true;
        configuration.SslHost = options.TlsServerName;
        configuration.SslClientAuthenticationOptions = host => new SslClientAuthenticationOptions
        {
            TargetHost = options.TlsServerName ?? host,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            CertificateChainPolicy = policy,
            RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
                errors == SslPolicyErrors.None ? true : throw Refusal(errors, certificate, chain),
        };
    }

    // A plain no becomes words of the library that name no reason.
    private static AuthenticationException Refusal(SslPolicyErrors errors, X509Certificate? certificate, X509Chain? chain)
    {
        var reasons = chain?.ChainStatus.Select(status => status.Status.ToString()).Prepend(errors.ToString()) ?? [errors.ToString()];
        return new AuthenticationException($"the certificate {certificate?.Subject} is refused: {string.Join(", ", reasons)}");
    }
}
