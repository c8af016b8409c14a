using System.Text;
using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Options;
using Slice.Host.Control;

namespace Slice.Host.CommandLine;

/// <summary>The cache key of a URL under a configuration, as a request without any field of <c>cache_key.fields</c> has it. Pure.</summary>
internal static class SharedObjectKey
{
    /// <summary>The key; null where hosts are told apart and the URL has none.</summary>
    public static CacheKey? Of(RequestUrl url, SliceOptions options)
    {
        if (options.ForwardHost && url.Host is null)
        {
            return null;
        }

        byte[] host = options.ForwardHost ? Encoding.Latin1.GetBytes(url.Host!) : [];
        byte[] target = Encoding.Latin1.GetBytes(url.Target);
        byte[] key = new byte[host.Length + target.Length];
        bool isTls = url.Text.StartsWith("https://", StringComparison.OrdinalIgnoreCase);
        int hostLength = HostSyntax.Normalize(host, isTls, key);
        int length = NormalizedTarget.Write(target, key.AsSpan(hostLength));
        var rule = new QueryKeyRule(options.CacheKeyQuery, options.CacheKeyIgnoredArguments);
        length = rule.Apply(key.AsSpan(hostLength, length));
        return new CacheKey(key.AsSpan(0, hostLength + length));
    }
}
