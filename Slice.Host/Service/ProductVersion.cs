using System.Reflection;

namespace Slice.Host.Service;

/// <summary>The version of this binary, as in <c>--version</c> and in health answers.</summary>
internal static class ProductVersion
{
    /// <summary>The version that the build was given, without the commit.</summary>
    public static string Text { get; } = Read()?.Split('+')[0] ?? "unknown";

    /// <summary>The commit that the build was made of; <c>unknown</c> when it was made without git.</summary>
    public static string Commit { get; } = Read()?.Split('+', 2) is [_, { Length: > 0 } commit] ? commit : "unknown";

    private static string? Read() =>
        typeof(ProductVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion;
}
