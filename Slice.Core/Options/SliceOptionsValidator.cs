using System.Net;

namespace Slice.Core.Options;

/// <summary>Finds everything that is wrong with a configuration, not only the first thing. Pure; safe from any thread.</summary>
public static class SliceOptionsValidator
{
    /// <summary>Least slice size an operator may set, in bytes: smaller ones cost more in requests to the origin than they save.</summary>
    public const int MinimumSliceSizeBytes = 65_536;

    /// <summary>Every error of a configuration, in the order of <see cref="OptionTable"/>; empty when it may be used.</summary>
    public static IReadOnlyList<OptionError> Validate(SliceOptions options) => Validate(options, MinimumSliceSizeBytes);

    /// <summary>
    /// The same with another least slice size: a test shows slice boundaries in a few bytes, which no operator may ask for.
    /// </summary>
    internal static IReadOnlyList<OptionError> Validate(SliceOptions options, int minimumSliceSizeBytes)
    {
        List<OptionError> errors = [];
        foreach (OptionKey key in OptionTable.Keys)
        {
            long minimum = key.Name == "slice_size" ? minimumSliceSizeBytes : key.Minimum;
            errors.AddRange(key.Check(key.Read(options), minimum));
        }

        AddCollidingListeners(options, errors);
        AddIncompleteSections(options, errors);
        AddTargetLongerThanHead(options, errors);
        AddTooLittleIndexMemory(options, errors);
        errors.AddRange(SharedCacheRules.Check(options));
        return errors;
    }

    private static void AddCollidingListeners(SliceOptions options, List<OptionError> errors)
    {
        // Of two that collide, the later one is at fault.
        var listeners = new List<(string Key, string Address, IPEndPoint EndPoint)>();
        Add("listen_address", options.ListenAddress);
        Add("tls.listen_address", options.Tls.ListenAddress);
        Add("metrics_endpoint.address", options.MetricsEndpoint.Enabled ? options.MetricsEndpoint.Address : null);
        for (int later = 1; later < listeners.Count; later++)
        {
            int taken = listeners.FindIndex(0, later, earlier => ListenAddress.Collide(earlier.EndPoint, listeners[later].EndPoint));
            if (taken >= 0)
            {
                var (key, address, _) = listeners[later];
                errors.Add(
                    new OptionError(
                        key, address, $"{listeners[taken].Key} ({listeners[taken].Address}) already takes this port", "a port of its own"));
            }
        }

        void Add(string key, string? address)
        {
            if (address is not null && ListenAddress.Parse(address, out IPEndPoint? endPoint) is null)
            {
                listeners.Add((key, address, endPoint!));
            }
        }
    }

    private static void AddIncompleteSections(SliceOptions options, List<OptionError> errors)
    {
        TlsOptions tls = options.Tls;
        if (tls.ListenAddress is not null && (tls.Certificate is null || tls.Key is null))
        {
            string missing = tls.Certificate is null ? "tls.certificate" : "tls.key";
            errors.Add(
                new OptionError(
                    missing, "(not set)", "required with tls.listen_address", "a path; a relative one starts at the working directory"));
        }

        if (options.ProxyProtocol is { Enabled: true, TrustedAddresses.Count: 0 })
        {
            errors.Add(new OptionError(
                "proxy_protocol.trusted_addresses", "[]", "required with proxy_protocol.enabled: nobody would be served",
                "the addresses of the balancers in front"));
        }
    }

    // A few bytes hold no object at all, and are mostly a forgotten unit.
    private static void AddTooLittleIndexMemory(SliceOptions options, List<OptionError> errors)
    {
        const long Least = 1L << 20;
        long bytes = options.Limits.IndexMemory;
        if (bytes is > 0 and < Least)
        {
            errors.Add(new OptionError(
                "limits.index_memory", ByteSizeText.Format(bytes), "too small", $"0, or at least {ByteSizeText.Format(Least)}"));
        }
    }

    // The request-target is part of the head (RFC 9112 §2.1), so a longer limit for it could never be reached.
    private static void AddTargetLongerThanHead(SliceOptions options, List<OptionError> errors)
    {
        LimitOptions limits = options.Limits;
        if (limits.RequestTargetBytes >= limits.RequestHeadBytes)
        {
            errors.Add(new OptionError(
                "limits.request_target",
                ByteSizeText.Format(limits.RequestTargetBytes),
                "not less than the whole request head",
                $"less than limits.request_head ({ByteSizeText.Format(limits.RequestHeadBytes)})"));
        }
    }
}
