using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Slice.Core.Options;
using Slice.Core.Storage;
using Slice.Host.Configuration;
using Slice.Host.Machine;
using Slice.Host.Service;
using Slice.Host.Text;

namespace Slice.Host.CommandLine;

/// <summary>
/// Looks at what a start needs besides a configuration: directory, ports, certificates, names, the shared tier. Nothing is made or changed;
/// a port is bound and released.
/// </summary>
/// <remarks>
/// What a running instance has, its ports and the lock of its directory, is worth a warning only: the check is also made before each
/// reload of the running one.
/// </remarks>
internal sealed class StartCheck
{
    // The time of all look-ups together; whoever waits longer for a name has an answer, too. Arbitrary.
    private static readonly TimeSpan s_lookupTime = TimeSpan.FromSeconds(5);

    private readonly List<StartFinding> _findings = [];
    private readonly SliceOptions _options;
    private readonly DateTimeOffset _now;

    private StartCheck(SliceOptions options, DateTimeOffset now) => (_options, _now) = (options, now);

    /// <summary>What a start would meet now, under a valid configuration whose tier is decided.</summary>
    /// <param name="options">The configuration.</param>
    /// <param name="disks">Tells how much room there is.</param>
    /// <param name="now">The time, for certificates.</param>
    public static IReadOnlyList<StartFinding> Look(SliceOptions options, IDisks disks, DateTimeOffset now)
    {
        var check = new StartCheck(options, now);
        check.LookAtDirectory(disks);
        check.LookAtPorts();
        check.LookAtCertificates();
        check.LookAtOrigin();
        check.LookAtNumbersAndPatterns();
        check.LookAtAccessLog();
        check.LookAtSharedTier();
        return check._findings;
    }

    private void LookAtDirectory(IDisks disks)
    {
        if (_options is not { EnableCache: true, Store: { OnDisk: true } store })
        {
            return;
        }

        string path = Path.GetFullPath(store.Directory);
        if (CacheDirectoryProbe.Find(path) is { } problem)
        {
            bool isInUse = problem.Cause == CacheDirectoryCause.InUse;
            string hint = isInUse ? " (nothing to do if that is this instance, running)" : "";
            Add(store.IsDirectoryRequired && !isInUse, $"l2_cache_dir: {problem.Message}{hint}");
            return;
        }

        string existing = path;
        while (!Directory.Exists(existing) && Path.GetDirectoryName(existing) is { Length: > 0 } parent)
        {
            existing = parent;
        }

        long roomBytes = disks.FreeBytes(existing) + disks.UsedBytes(path);
        if (roomBytes < store.DiskSizeBytes)
        {
            Warn(
                $"cache_size: {ByteSizeText.Format(store.DiskSizeBytes)}: the file system of {path} has "
                    + $"{ReadableSize.Format(roomBytes)} for it; the cache grows until the disk is full, and then stays as it is");
        }
    }

    private void LookAtPorts()
    {
        LookAtPort("listen_address", _options.ListenAddress);
        LookAtPort("tls.listen_address", _options.Tls.ListenAddress);
        LookAtPort("metrics_endpoint.address", _options.MetricsEndpoint.Enabled ? _options.MetricsEndpoint.Address : null);
    }

    private void LookAtPort(string key, string? address)
    {
        if (address is null)
        {
            return;
        }

        var endPoint = IPEndPoint.Parse(address);
        try
        {
            using var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endPoint);
            socket.Listen();
        }
        catch (SocketException error)
        {
            string hint = error.SocketErrorCode == SocketError.AddressAlreadyInUse
                ? $"; ss -ltnp 'sport = :{endPoint.Port}' names it (nothing to do if that is this instance, running)"
                : "";
            Warn($"{key}: cannot listen on {endPoint}: {ListenerFactory.Reason(error)}{hint}");
        }
    }

    private void LookAtCertificates()
    {
        foreach (var warning in CertificateWarnings.Of(_options, _now))
        {
            Warn(warning.ToString());
        }
    }

    private void LookAtOrigin()
    {
        using var time = new CancellationTokenSource(s_lookupTime);
        Uri[] origins = [.. _options.UpstreamAddresses];
        var lookups = Array.ConvertAll(origins, origin => ResolveAsync(origin.DnsSafeHost, time.Token));
        foreach (var (origin, addresses) in origins.Zip(lookups))
        {
            string text = OriginAddress.Format(origin);
            if (origin.Scheme == Uri.UriSchemeHttp && origin.Port is 443 or 8443)
            {
                Warn($"upstream_address: {text}: plain HTTP to port {origin.Port}: is https:// meant?");
            }

            // At the end of a command, with nobody else on the thread.
            var found = addresses.GetAwaiter().GetResult();
            if (found.Length == 0)
            {
                Warn($"upstream_address: {text}: the name does not resolve");
            }
            else if (Array.Exists(found, address => IsOwn(address, origin.Port)))
            {
                Warn($"upstream_address: {text}: this is the address that the proxy itself listens on; requests would come back (508)");
            }
        }
    }

    private void LookAtNumbersAndPatterns()
    {
        if (_options.MaxConcurrentSubrequests > _options.Limits.MaxOriginRequests)
        {
            Warn(
                $"max_concurrent_subrequests: {_options.MaxConcurrentSubrequests}: above limits.max_origin_requests, "
                    + $"{_options.Limits.MaxOriginRequests}, which bounds all downloads together");
        }

        foreach (string warning in PatternWarnings.Of(_options))
        {
            Warn(warning);
        }
    }

    private void LookAtAccessLog()
    {
        if (_options.AccessLog.Path is { } path
            && path != AccessLogOptions.Journal
            && path != AccessLogOptions.StandardError
            && Path.GetDirectoryName(Path.GetFullPath(path)) is { } directory
            && !Directory.Exists(directory))
        {
            Warn($"access_log.path: {path}: there is no directory {directory}; lines are dropped until it is there");
        }
    }

    private void LookAtSharedTier()
    {
        foreach (string warning in SharedTierCheck.Look(_options.SharedCache))
        {
            Warn(warning);
        }
    }

    private static async Task<IPAddress[]> ResolveAsync(string host, CancellationToken ct)
    {
        try
        {
            return IPAddress.TryParse(host, out var address) ? [address] : await Dns.GetHostAddressesAsync(host, ct);
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException or ArgumentException)
        {
            return [];
        }
    }

    private bool IsOwn(IPAddress address, int port) =>
        IsListener(_options.ListenAddress, address, port)
        || (_options.Tls.ListenAddress is { } tlsAddress && IsListener(tlsAddress, address, port));

    private static bool IsListener(string listenAddress, IPAddress address, int port)
    {
        var listener = IPEndPoint.Parse(listenAddress);
        bool isAny = listener.Address.Equals(IPAddress.Any) || listener.Address.Equals(IPAddress.IPv6Any);
        return listener.Port == port && (listener.Address.Equals(address) || (isAny && IsOfThisMachine(address)));
    }

    private static bool IsOfThisMachine(IPAddress address)
    {
        try
        {
            return IPAddress.IsLoopback(address)
                || NetworkInterface.GetAllNetworkInterfaces()
                    .SelectMany(card => card.GetIPProperties().UnicastAddresses)
                    .Any(own => own.Address.Equals(address));
        }
        catch (NetworkInformationException)
        {
            return false;
        }
    }

    private void Warn(string text) => Add(endsStart: false, text);

    private void Add(bool endsStart, string text) => _findings.Add(new StartFinding(endsStart, text));
}
