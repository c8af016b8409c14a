namespace Slice.Core.Options;

/// <summary>Which requests to the origin carry Via (RFC 9110 §7.6.3).</summary>
public enum ViaToOrigin
{
    /// <summary>
    /// All but those that ask for a content coding and came without Via: nginx, for one, compresses nothing for a request with Via
    /// (<c>gzip_proxied</c>).
    /// </summary>
    Auto,

    /// <summary>All.</summary>
    Always,

    /// <summary>None; what proxies before us wrote there stays behind too.</summary>
    Never,
}
