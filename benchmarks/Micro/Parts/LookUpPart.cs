using System.Globalization;
using System.Text;
using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Objects;

namespace Slice.Benchmarks.Micro.Parts;

/// <summary>An object found by its key, among a thousand.</summary>
internal sealed class LookUpPart : IHotPathPart, IDisposable
{
    private const int Objects = 1000;

    private readonly WarmInstance _instance = new();
    private readonly RequestHead _head = RequestHeadPart.Parse(WarmInstance.Target, RequestHeadPart.FieldsOf("curl"));
    private readonly ObjectIndex _index;

    public LookUpPart()
    {
        _index = _instance.Composition.Index;
        for (int number = 1; number < Objects; number++)
        {
            byte[] key = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"/debian/pool/main/p/package_{number}.deb"));
            _index.Publish(new Generation(
                new CacheKey(key),
                WarmInstance.ResponseOf(WarmInstance.CompleteLength),
                WarmInstance.Grid,
                isShared: true,
                _instance.Composition.Store));
        }
    }

    /// <inheritdoc/>
    public void Run()
    {
        if (!_index.TryGet(_head.PathAndQuery, _head.Fields, out var generation) || generation != _instance.Generation)
        {
            throw new InvalidOperationException("The object was not found.");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _instance.Dispose();
}
