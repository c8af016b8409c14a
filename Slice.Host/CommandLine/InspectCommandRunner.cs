using System.Globalization;
using System.Text;
using System.Text.Json;
using Slice.Core.Objects.Journal;
using Slice.Core.Options;
using Slice.Core.SharedCache;
using Slice.Core.Storage;
using Slice.Host.Configuration;
using Slice.Host.Service;
using Slice.Host.Text;

namespace Slice.Host.CommandLine;

/// <summary><c>pingora-slice inspect</c>: what a cache directory and a shared cache hold, for people and for scripts.</summary>
/// <param name="load">Loads a configuration.</param>
/// <param name="open">Opens the shared store of a configuration; null where there is none.</param>
/// <param name="time">The clock.</param>
internal sealed class InspectCommandRunner(
    Func<ConfigurationRequest, LoadedConfiguration> load, Func<SharedCacheOptions, TimeProvider, IKeyValueStore?> open, TimeProvider time)
{
    /// <summary>
    /// Prints; exit code <see cref="ExitCode.Damaged"/> when something is damaged, <see cref="ExitCode.CannotStart"/> when something that
    /// is to be shown cannot be read. What can be is shown all the same.
    /// </summary>
    public async Task<int> RunAsync(InspectCommand command, TextWriter output, TextWriter error, bool isTerminal, CancellationToken ct)
    {
        SliceOptions? options = null;
        if (command.Configuration is not null)
        {
            var loaded = load(command.Configuration);
            if (loaded.Options is null)
            {
                ConfigurationCheck.WriteErrors(loaded.Errors, error);
                return ExitCode.Configuration;
            }

            options = loaded.Options;
        }

        string? directory = DirectoryOf(command, options);
        bool isElsewhere = command.Directory is null && directory is not null && IsOfInstancesBelow(directory, error);
        var (store, damaged, isLost) = ReadStore(isElsewhere ? null : directory, command, error, isTerminal);
        var shared = options is null ? null : await ReadSharedAsync(command, options, error, ct);
        if (options is not null && store is null && shared is null && !isLost)
        {
            if (!isElsewhere)
            {
                error.WriteLine(
                    command.SharedUrl is null
                        ? "pingora-slice: nothing to look into: the cache of this configuration is in memory, and there is no shared_cache"
                        : "pingora-slice: the configuration has no shared_cache");
            }

            return ExitCode.CannotStart;
        }

        Write(command, store, damaged, shared, output);
        return isLost || (isElsewhere && command.Verify) || shared is { IsUnknown: true } ? ExitCode.CannotStart
            : damaged is { Count: > 0 } || shared is { Object.State: TierObjectState.Damaged } ? ExitCode.Damaged
            : ExitCode.Ok;
    }

    // One object of the shared cache is a question of its own.
    private static string? DirectoryOf(InspectCommand command, SliceOptions? options) =>
        command.Directory ?? (command.SharedUrl is null && options is not null && IsOnDisk(options) ? options.Store.Directory : null);

    // Where the configuration leaves that open, an instance goes by what its own user may do; whoever inspects goes by what there is.
    private static bool IsOnDisk(SliceOptions options)
    {
        var store = options.Store;
        bool isNamed = !store.Directory.StartsWith(CacheStoreOptions.DefaultDirectory, StringComparison.Ordinal);
        return options.EnableCache
            && (store.OnDisk ?? (isNamed || HasIndex(store.Directory) || StoreLayout.FindInstances(store.Directory).Length > 0));
    }

    private static bool HasIndex(string directory) => File.Exists(Path.Combine(directory, StoreLayout.IndexFileName));

    // Instances with --port have their caches side by side, and none is in the directory of the configuration itself: nothing is lost.
    private static bool IsOfInstancesBelow(string directory, TextWriter error)
    {
        int[] ports = HasIndex(directory) ? [] : StoreLayout.FindInstances(directory);
        if (ports.Length > 0)
        {
            string options = string.Join(", ", ports.Select(static port => string.Create(CultureInfo.InvariantCulture, $"--port {port}")));
            error.WriteLine($"pingora-slice: no cache in {directory} itself, but below it; to see that of an instance: {options}");
        }

        return ports.Length > 0;
    }

    private static (StoreInspection? Store, List<DamagedSlice>? Damaged, bool IsLost) ReadStore(
        string? directory, InspectCommand command, TextWriter error, bool isTerminal)
    {
        if (directory is null)
        {
            return (null, null, false);
        }

        try
        {
            if (StoreInspection.Read(directory, out string? problem) is { } store)
            {
                return (store, command.Verify ? StoreReport.Verify(store, error, isTerminal) : null, false);
            }

            error.WriteLine($"pingora-slice: {problem}");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            error.WriteLine($"pingora-slice: {directory}: {failure.Message}");
        }

        return (null, null, true);
    }

    private async Task<SharedCacheFindings?> ReadSharedAsync(
        InspectCommand command, SliceOptions options, TextWriter error, CancellationToken ct)
    {
        await using var store = open(options.SharedCache, time);
        if (store is null)
        {
            return null;
        }

        using var inspection = new TierInspection(store, options.SharedCache, SharedCacheRealm.Of(options), time);
        var tier = await inspection.ReadAsync(ct);
        var findings = new SharedCacheFindings(tier, options.SharedCache.Prefix);
        if (tier.Problem is not null)
        {
            error.WriteLine($"pingora-slice: the shared cache, {tier.Store}, cannot be read: {PrintableText.Escape(tier.Problem, 500)}");
            return findings;
        }

        if (command.SharedUrl is not { } url)
        {
            return findings;
        }

        if (SharedObjectKey.Of(url, options) is not { } key)
        {
            string text = PrintableText.Escape(url.Text, 80);
            error.WriteLine($"pingora-slice: --shared {text}: forward_host is on: name a whole URL, with its host");
            return findings with { IsWithoutHost = true };
        }

        var found = await inspection.FindAsync(key, ct);
        if (found.State == TierObjectState.Unknown)
        {
            error.WriteLine($"pingora-slice: the shared cache, {tier.Store}, cannot be read: {PrintableText.Escape(found.Reason!, 500)}");
        }

        return findings with { Key = key.ToString(), Object = found };
    }

    private void Write(
        InspectCommand command, StoreInspection? store, List<DamagedSlice>? damaged, SharedCacheFindings? shared, TextWriter output)
    {
        if (store is null && shared is null)
        {
            return;
        }

        if (command.Json)
        {
            output.WriteLine(Json(command, store, damaged, shared));
            return;
        }

        if (store is not null)
        {
            StoreReport.Write(store, damaged, command, time.GetUtcNow(), output);
        }

        if (store is not null && shared is not null)
        {
            output.WriteLine();
        }

        if (shared is not null)
        {
            SharedCacheReport.Write(shared, output);
        }
    }

    private string Json(InspectCommand command, StoreInspection? store, List<DamagedSlice>? damaged, SharedCacheFindings? shared)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            if (store is not null)
            {
                StoreReport.WriteJson(json, store, damaged, command, time.GetUtcNow());
            }

            if (shared is not null)
            {
                json.WriteStartObject("shared_cache");
                SharedCacheReport.WriteJson(json, shared);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
    }
}
