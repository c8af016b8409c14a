using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Slice.Host.Service;

/// <summary>The version of this binary, as in <c>--version</c>, in health answers and in metrics.</summary>
internal static class ProductVersion
{
    // What git shows of a commit where it is short.
    private const int ShortCommitLength = 7;

    /// <summary>The version that the build was given, without the commit.</summary>
    public static string Text { get; } = Read()?.Split('+')[0] ?? "unknown";

    /// <summary>The commit that the build was made of; <c>unknown</c> when it was made without git.</summary>
    public static string Commit { get; } = Read()?.Split('+', 2) is [_, { Length: > 0 } commit] ? commit : "unknown";

    /// <summary>The line of <c>--version</c>, without its end: version, commit, runtime, platform, how it was compiled.</summary>
    public static string Line { get; } = string.Create(
        CultureInfo.InvariantCulture,
        $"pingora-slice {Text} (commit {Shorten(Commit)}, {RuntimeInformation.FrameworkDescription}, "
            + $"{RuntimeInformation.RuntimeIdentifier}, {(IsCompiledAhead ? "Native AOT" : "JIT")})");

    // A launcher of assemblies tells the runtime where they are; a native binary has none. RuntimeFeature would say what the project
    // promises, of either.
    private static bool IsCompiledAhead => AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES") is null;

    private static string Shorten(string commit) => commit.Length > ShortCommitLength ? commit[..ShortCommitLength] : commit;

    private static string? Read() =>
        typeof(ProductVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion;
}
