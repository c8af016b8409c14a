using System.Net;

namespace Slice.Core.Options;

/// <summary>Finds everything that is wrong with a configuration, not only the first thing. Pure; safe from any thread.</summary>
public static class SliceOptionsValidator
{
    /// <summary>Least slice size an operator may set, in bytes: smaller ones cost more in requests to the origin than they save.</summary>
    public const int MinimumSliceSizeBytes = 65_536;

    /// <summary>Every error of a configuration, in the order of <see cref="OptionTable"/>; empty when it may be used.</summary>
    public static IReadOnlyList<OptionError> Validate(SliceOptions options) => Validate(options, MinimumSliceSizeBytes);

    /// <summary>The same with another least slice size: a test shows slice boundaries in a few bytes, which no operator may ask for.</summary>
    internal static IReadOnlyList<OptionError> Validate(SliceOptions options, int minimumSliceSizeBytes)
    {
        List<OptionError> errors = [];
        foreach (OptionKey key in OptionTable.Keys)
        {
            long minimum = key.Name == "slice_size" ? minimumSliceSizeBytes : key.Minimum;
            errors.AddRange(key.Check(key.Read(options), minimum));
        }

        AddCollidingListeners(options, errors);
        AddTargetLongerThanHead(options, errors);
        return errors;
    }

    private static void AddCollidingListeners(SliceOptions options, List<OptionError> errors)
    {
        bool bothAreReadable = ListenAddress.Parse(options.ListenAddress, out IPEndPoint? clients) is null
            & ListenAddress.Parse(options.MetricsEndpoint.Address, out IPEndPoint? operators) is null;
        if (bothAreReadable && options.MetricsEndpoint.Enabled && ListenAddress.Collide(clients!, operators!))
        {
            errors.Add(new OptionError(
                "metrics_endpoint.address",
                options.MetricsEndpoint.Address,
                $"listen_address ({options.ListenAddress}) already takes this port",
                "a port of its own"));
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
