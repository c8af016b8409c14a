using Slice.Core.Options;

namespace Slice.Tests.Options;

/// <summary>Values for tests that go through every key.</summary>
internal static class OptionValues
{
    /// <summary>A value of this key that is not the one there, of the right type; it need not be allowed.</summary>
    public static object Other(OptionKey key, SliceOptions options) => key.Kind switch
    {
        OptionKind.Count or OptionKind.Size => (long)key.Read(options)! + 1,
        OptionKind.Duration => ((TimeSpan?)key.Read(options) ?? TimeSpan.Zero) + TimeSpan.FromMilliseconds(1),
        OptionKind.Flag => (bool?)key.Read(options) != true,
        OptionKind.FieldNames => (string[])["X-Other"],
        OptionKind.Patterns or OptionKind.Arguments or OptionKind.Networks or OptionKind.Hosts => (string[])["^/other"],
        OptionKind.Servers => (string[])["other.example:1"],
        OptionKind.CacheRules => (CacheRule[])[new() { Path = "^/other", Bypass = true }],
        OptionKind.Choice => key.Choices[^1],
        OptionKind.OriginAddresses => (Uri[])[new("http://other.example"), new("http://another.example:81")],
        OptionKind.LogLevel => LogSeverity.Error,
        _ => key.Read(options) + "x",
    };
}
