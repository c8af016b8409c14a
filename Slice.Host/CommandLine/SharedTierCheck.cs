using System.Net;
using System.Net.Sockets;
using Slice.Core.Options;
using Slice.Core.Storage;
using Slice.Host.Machine;
using Slice.Net.SharedCache.Files;

namespace Slice.Host.CommandLine;

/// <summary>
/// Looks whether the tier of a configuration is there: connects to each server and says nothing to it, or looks at the directory. Nothing
/// is made or changed. What is not there is worth a warning only, as a tier that is down is a miss.
/// </summary>
internal static class SharedTierCheck
{
    // For all servers together, which are tried at once: a tier that takes longer would be of no use. Arbitrary.
    private static readonly TimeSpan s_connectTime = TimeSpan.FromSeconds(1);

    /// <summary>What is not there, each with key and value. Takes a second at most.</summary>
    /// <param name="options">A valid configuration of the tier.</param>
    public static IEnumerable<string> Look(SharedCacheOptions options) => options.Type switch
    {
        SharedCacheType.None => [],
        SharedCacheType.Directory => LookAtDirectory(options),
        _ => LookAtServers(options.Addresses),
    };

    private static IEnumerable<string> LookAtDirectory(SharedCacheOptions options)
    {
        string path = Path.GetFullPath(options.Directory!);
        string? problem = File.Exists(path) ? "this is a file and not a directory"
            : !Directory.Exists(path) ? "there is no such directory (is it mounted?)"
            : CacheDirectoryProbe.WhyNotWritable(path) is { } reason ? $"not writable by this user ({reason})"
            : null;

        // What the store itself says begins with its path.
        problem = problem is null ? DirectoryGlance.At(options).Problem : $"{path}: {problem}";
        return problem is not null ? [$"shared_cache.directory: {problem}; until that is mended, all of it is a miss"]
            : SharedDirectoryFit.Find(options) is { } size ? [$"{size.Key}: {size.Configured}: {size.Reason}; {size.Used} is used instead"]
            : [];
    }

    private static IEnumerable<string> LookAtServers(IReadOnlyList<string> addresses)
    {
        using var time = new CancellationTokenSource(s_connectTime);
        var tries = addresses.Select(address => ConnectAsync(address, time.Token)).ToArray();

        // At the end of a command, with nobody else on the thread.
        string?[] problems = Task.WhenAll(tries).GetAwaiter().GetResult();
        return
        [
            .. addresses.Zip(problems).Where(row => row.Second is not null)
                .Select(row => $"shared_cache.address: {row.First}: {row.Second}; until it answers, what it has is a miss"),
        ];
    }

    // What is wrong, or null.
    private static async Task<string?> ConnectAsync(string text, CancellationToken ct)
    {
        if (ServerAddress.Parse(text, out var server) is { } problem)
        {
            return problem;
        }

        IPAddress[] addresses;
        try
        {
            // A look-up that hangs is not waited for: the resolver of the system cannot be stopped.
            addresses = server.Address is { } address ? [address] : await Dns.GetHostAddressesAsync(server.Host, ct).WaitAsync(ct);
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            return "the name does not resolve";
        }

        try
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(addresses, server.Port!.Value, ct);
            return null;
        }
        catch (OperationCanceledException)
        {
            return $"no connection within {DurationText.Format(s_connectTime)}";
        }
        catch (SocketException error)
        {
            return error.SocketErrorCode == SocketError.ConnectionRefused ? "connection refused" : error.Message;
        }
    }
}
