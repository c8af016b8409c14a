using System.Globalization;
using StackExchange.Redis;

namespace Slice.Net.SharedCache.Redis;

/// <summary>Redis in words: <c>redis 7.0.15, cluster of 3 nodes, 12 MiB of 1024 MiB used, allkeys-lru</c>.</summary>
internal static class RedisDescription
{
    /// <summary>Asks the primaries that are connected. Tells less when they refuse to say what they hold (ACL).</summary>
    /// <param name="multiplexer">Where to ask.</param>
    /// <param name="sentinel">The name of the primary among sentinels; null where there are none.</param>
    /// <exception cref="RedisException">No primary is connected, or one does not answer.</exception>
    public static async Task<string> ReadAsync(ConnectionMultiplexer multiplexer, string? sentinel)
    {
        IServer[] primaries = [.. multiplexer.GetServers().Where(server => server.IsConnected && !server.IsReplica)];
        if (primaries.Length == 0)
        {
            throw new RedisConnectionException(
                ConnectionFailureType.UnableToResolvePhysicalConnection,
                CommandFlags.None,
                "no primary is connected",
                null,
                CommandStatus.WaitingToBeSent);
        }

        var first = primaries[0];
        string kind = first.ServerType == ServerType.Cluster ? $"cluster, {primaries.Length} primaries connected"
            : sentinel is null ? "single" : $"sentinel {sentinel}";
        var infos = await Task.WhenAll(primaries.Select(ReadMemoryAsync));
        string description = $"redis {first.Version}, {kind}";
        return infos.All(info => info.Count != 0) ? $"{description}, {DescribeMemory(infos)}" : description;
    }

    private static async Task<Dictionary<string, string>> ReadMemoryAsync(IServer server)
    {
        try
        {
            string info = await server.InfoRawAsync("memory") ?? "";
            return info.Split('\n', StringSplitOptions.TrimEntries)
                .Select(line => line.Split(':', 2))
                .Where(parts => parts.Length == 2)
                .ToDictionary(parts => parts[0], parts => parts[1], StringComparer.Ordinal);
        }
        catch (RedisServerException)
        {
            return [];
        }
    }

    // A maxmemory of 0 is none.
    private static string DescribeMemory(Dictionary<string, string>[] infos)
    {
        long used = infos.Sum(info => Number(info, "used_memory"));
        long most = infos.Any(info => Number(info, "maxmemory") == 0) ? 0 : infos.Sum(info => Number(info, "maxmemory"));
        string policy = infos[0].GetValueOrDefault("maxmemory_policy", "");
        return most == 0 ? $"{used >> 20} MiB used, without a limit (maxmemory)" : $"{used >> 20} MiB of {most >> 20} MiB used, {policy}";
    }

    private static long Number(Dictionary<string, string> info, string name) =>
        long.TryParse(info.GetValueOrDefault(name), NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : 0;
}
