namespace Slice.Core.Options;

/// <summary>Which keys of <c>shared_cache</c> go with which type. Pure.</summary>
internal static class SharedCacheRules
{
    private const string TypeKey = "shared_cache.type";

    private static readonly SliceOptions s_defaults = new();

    // The keys that only some types have a use for, and whether those types need them. What the others have a default of may stay there.
    private static readonly (string Key, SharedCacheType[] Types, bool IsRequired)[] s_rows =
    [
        ("shared_cache.address", [SharedCacheType.Redis, SharedCacheType.Memcached], true),
        ("shared_cache.directory", [SharedCacheType.Directory], true),
        ("shared_cache.sentinel", [SharedCacheType.Redis], false),
        ("shared_cache.user", [SharedCacheType.Redis], false),
        ("shared_cache.password", [SharedCacheType.Redis], false),
        ("shared_cache.tls", [SharedCacheType.Redis], false),
        ("shared_cache.tls_ca_file", [SharedCacheType.Redis], false),
        ("shared_cache.tls_server_name", [SharedCacheType.Redis], false),
    ];

    private static readonly string[] s_protections = ["user", "password", "tls", "tls_ca_file", "tls_server_name"];

    /// <summary>Every error between the keys, in the order of the rows.</summary>
    public static IEnumerable<OptionError> Check(SliceOptions options)
    {
        foreach ((string name, SharedCacheType[] types, bool isRequired) in s_rows)
        {
            OptionKey key = OptionTable.Find(name)!;
            bool isSet = key.Differs(options, s_defaults);
            bool isOfType = types.Contains(options.SharedCache.Type);
            if (isSet && !isOfType)
            {
                string allowed = $"not set, or {TypeKey} {string.Join(" or ", types.Select(WordOf))}";
                yield return new OptionError(name, key.Format(key.Read(options)), WhyNot(key.LocalName, options.SharedCache.Type), allowed);
            }
            else if (!isSet && isOfType && isRequired)
            {
                yield return new OptionError(
                    name, "(not set)", $"required with {TypeKey} {WordOf(options.SharedCache.Type)}", key.Allowed);
            }
            else if (isSet && key.LocalName.StartsWith("tls_", StringComparison.Ordinal) && !options.SharedCache.UsesTls)
            {
                yield return new OptionError(
                    name, key.Format(key.Read(options)), "of no use without shared_cache.tls", "not set, or shared_cache.tls true");
            }
        }
    }

    private static string WhyNot(string localName, SharedCacheType type) => type switch
    {
        SharedCacheType.None => $"of no use without {TypeKey}",
        SharedCacheType.Memcached when s_protections.Contains(localName) => "the text protocol of Memcached has no users and no TLS",
        _ => $"of no use with {TypeKey} {WordOf(type)}",
    };

    private static string WordOf(SharedCacheType type) => OptionTable.Find(TypeKey)!.Choices[(int)type];
}
