using Slice.Net.Exchange;

namespace Slice.Benchmarks.Micro.Parts;

/// <summary>
/// The beginning of an exchange up to its cache key, at its dearest: host before target, and escapes to put into normal form. A target in
/// normal form without a host is its own key.
/// </summary>
internal sealed class CacheKeyPart : IHotPathPart, IDisposable
{
    private readonly WarmInstance _instance = new(options => options with { ForwardHost = true });
    private readonly UnusedConnection _connection = new();
    private readonly RequestSettings _settings;
    private readonly HttpExchange _exchange;

    public CacheKeyPart()
    {
        _settings = _instance.Composition.Settings.Current;
        _exchange = new HttpExchange(
            _connection,
            RequestHeadPart.Parse(
                "/debian/pool/main/g/g%2b%2b/../gcc/%67cc_14.2.0-19_amd64.deb?download=1", RequestHeadPart.FieldsOf("curl")),
            TimeProvider.System);
    }

    /// <inheritdoc/>
    public void Run()
    {
        _exchange.StartRequest(_settings, mayKeepAlive: true);
        if (!_exchange.Key.StartsWith("mirror.example/debian/pool/main/g/gcc/gcc"u8))
        {
            throw new InvalidOperationException("The key is not in normal form.");
        }

        _exchange.Release();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _connection.Dispose();
        _instance.Dispose();
    }
}
