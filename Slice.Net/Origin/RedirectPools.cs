using Slice.Core.Options;

namespace Slice.Net.Origin;

/// <summary>
/// The connections to the hosts that redirects lead to, and what is known of redirects: they live as long as the instance. Thread-safe.
/// </summary>
/// <remarks>
/// Such a host must prove to be who it is, whatever <c>upstream_tls.verify</c> says of the origin, by its own name, and to the same
/// authorities as the origin.
/// </remarks>
internal sealed class RedirectPools : IDisposable
{
    private readonly OriginPool _plain;
    private readonly Lazy<OriginPool> _tls;

    /// <summary>Pools without connections.</summary>
    public RedirectPools(SliceOptions options, TimeProvider time)
    {
        Memory = new RedirectMemory(time);
        _plain = new OriginPool(options, new OriginConnector(tls: null, time));
        var tls = new UpstreamTlsOptions { CaFile = options.UpstreamTls.CaFile };
        _tls = new Lazy<OriginPool>(() => new OriginPool(options, new OriginConnector(new OriginTls(tls), time)));
    }

    /// <summary>Where redirects have led.</summary>
    public RedirectMemory Memory { get; }

    /// <summary>Connections that are open.</summary>
    public int OpenCount => _plain.OpenCount + (_tls.IsValueCreated ? _tls.Value.OpenCount : 0);

    /// <summary>The pool for a scheme.</summary>
    /// <exception cref="InvalidDataException"><c>upstream_tls.ca_file</c> cannot be used; the message says why.</exception>
    public OriginPool For(bool isTls) => isTls ? _tls.Value : _plain;

    /// <inheritdoc/>
    public void Dispose()
    {
        _plain.Dispose();
        if (_tls.IsValueCreated)
        {
            _tls.Value.Dispose();
        }
    }
}
