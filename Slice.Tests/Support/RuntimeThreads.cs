namespace Slice.Tests.Support;

/// <summary>
/// The threads of a product that runs under <c>dotnet</c> and is about to have no descriptor left. CoreCLR needs two for each new thread, a
/// pipe of its own (pipe2(2), seen by strace); where it does not get them, the runtime says "Out of memory." and aborts. So the pool has a
/// fixed number of threads, started before. The published binary needs none for a thread and takes no notice of these settings.
/// </summary>
internal static class RuntimeThreads
{
    private const int PoolThreads = 4;

    // Of a product under dotnet: as the kernel has it, 15 characters.
    private const string PoolThreadName = ".NET TP Worker";

    /// <summary>
    /// Environment of the product: so many threads in the pool and no more, none of which ends; none that compiles in the background and
    /// comes and goes. Numbers are hexadecimal.
    /// </summary>
    public static IReadOnlyDictionary<string, string> FixedNumber { get; } = new Dictionary<string, string>
    {
        ["DOTNET_ThreadPool_ForceMinWorkerThreads"] = PoolThreads.ToString("x", System.Globalization.CultureInfo.InvariantCulture),
        ["DOTNET_ThreadPool_ForceMaxWorkerThreads"] = PoolThreads.ToString("x", System.Globalization.CultureInfo.InvariantCulture),
        ["DOTNET_ThreadPool_ThreadsToKeepAlive"] = "-1",
        ["DOTNET_TieredCompilation"] = "0",
    };

    /// <summary>Has work done until all threads of the pool are there.</summary>
    /// <param name="processId">The product.</param>
    /// <param name="work">Something that takes a thread of the product's pool for a moment.</param>
    public static async Task AllStartedAsync(int processId, Func<Task> work)
    {
        if (!IsUnderDotnet(processId))
        {
            return;
        }

        await Eventually.TrueAsync(
            async () =>
            {
                await Task.WhenAll(Enumerable.Range(0, 4 * PoolThreads).Select(_ => work()));
                return Names(processId).Count(name => name == PoolThreadName) == PoolThreads;
            },
            () => $"{PoolThreads} threads of the pool among {string.Join(", ", Names(processId))}");
    }

    private static bool IsUnderDotnet(int processId) => File.ReadAllText($"/proc/{processId}/cmdline").Split('\0')[0].EndsWith(
        "dotnet", StringComparison.Ordinal);

    private static IEnumerable<string> Names(int processId) =>
        Directory.GetDirectories($"/proc/{processId}/task").Select(thread => File.ReadAllText(Path.Combine(thread, "comm")).Trim());
}
