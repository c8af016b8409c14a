namespace Slice.Tests.SharedCache.Chaos;

/// <summary>What an instance stores on its own: an object, or one variant of an object.</summary>
/// <param name="Path">The object's path.</param>
/// <param name="Language">The language; null where there is one variant only.</param>
internal sealed record FleetVariant(string Path, string? Language)
{
    /// <summary>The languages that are asked for.</summary>
    public static IReadOnlyList<string> Languages { get; } = ["de", "en"];
}
