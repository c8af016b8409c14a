using System.Reflection;
using Slice.Core.Storage;
using Slice.Host.Service;
using Slice.Net.Connections;
using Slice.Tests.Support;

namespace Slice.Tests;

/// <summary>
/// Dependencies point one way: Host → Net → Core, inside each of them from folder to folder in one order, and Core knows neither sockets
/// nor frameworks.
/// </summary>
public sealed class ArchitectureTests
{
    private static readonly Assembly s_core = typeof(SliceStore).Assembly;
    private static readonly Assembly s_net = typeof(SliceConnectionHandler).Assembly;
    private static readonly Assembly s_host = typeof(ExitCode).Assembly;

    // The folders of each project; one may use those before it. The last of the host is its root.
    private static readonly (Assembly Assembly, string Root, string[] Folders)[] s_layers =
    [
        (s_core, "Slice.Core",
            ["Ranges", "Http", "Options", "Observability", "Origin", "Caching", "Storage", "Objects", "Objects.Journal", "Fetching",
                "SharedCache"]),
        (s_net, "Slice.Net",
            [
                "Certificates", "SharedCache", "SharedCache.Files", "SharedCache.Memcached", "SharedCache.Redis", "Origin", "Exchange",
                "AccessLog", "Connections", "Delivery", "Handlers",
            ]),
        (s_host, "Slice.Host", ["Text", "Logging", "Configuration", "Machine", "Status", "Service", "Demo", "Control", "CommandLine", ""]),
    ];

    // Uses that are against the order. The list may only become shorter.
    private static readonly string[] s_knownOffences =
    [
    ];

    // A row for each folder.
    public static TheoryData<string, string> Folders { get; } =
        [.. s_layers.SelectMany(layer => layer.Folders.Select(folder => new TheoryDataRow<string, string>(layer.Root, folder)))];

    [Fact]
    public void Core_references_neither_of_the_others()
    {
        Assert.DoesNotContain(s_net.GetName().Name, References(s_core));
        Assert.DoesNotContain(s_host.GetName().Name, References(s_core));
    }

    [Fact]
    public void Net_references_core_and_not_the_host()
    {
        Assert.Contains(s_core.GetName().Name, References(s_net));
        Assert.DoesNotContain(s_host.GetName().Name, References(s_net));
    }

    [Fact]
    public void Host_references_both() =>
        Assert.Superset(new HashSet<string?> { s_core.GetName().Name, s_net.GetName().Name }, References(s_host));

    [Theory]
    [InlineData("System.Net.Http")]
    [InlineData("System.Net.Sockets")]
    [InlineData("Microsoft.AspNetCore")]
    [InlineData("Microsoft.Extensions")]
    [InlineData("System.IO.Pipelines")]
    public void Core_knows_neither_sockets_nor_frameworks(string prefix) =>
        Assert.DoesNotContain(References(s_core), name => name!.StartsWith(prefix, StringComparison.Ordinal));

    [Fact]
    public void Namespace_of_every_type_is_its_assembly_and_folder()
    {
        Assert.All(s_core.GetTypes().Where(IsOurs), type => Assert.StartsWith("Slice.Core", type.Namespace, StringComparison.Ordinal));
        Assert.All(s_net.GetTypes().Where(IsOurs), type => Assert.StartsWith("Slice.Net", type.Namespace, StringComparison.Ordinal));
        Assert.All(s_host.GetTypes().Where(IsOurs), type => Assert.StartsWith("Slice.Host", type.Namespace, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Folder_uses_only_those_before_it(string project, string folder)
    {
        string[] offences = [.. OffencesOf(project, folder).Except(s_knownOffences)];
        Assert.True(offences.Length == 0, string.Join('\n', offences));
    }

    [Fact]
    public void Known_offences_still_offend() => Assert.Empty(
        s_knownOffences.Except(s_layers.SelectMany(layer => layer.Folders.SelectMany(folder => OffencesOf(layer.Root, folder)))));

    [Fact]
    public void Every_folder_has_its_place_in_the_order() => Assert.All(s_layers, layer => Assert.Equal(
        layer.Folders.Order(StringComparer.Ordinal),
        TypesOf(layer.Assembly).Select(type => FolderOf(type, layer.Root)).Distinct().Order(StringComparer.Ordinal)));

    // No signature shows what travels by AsyncLocal. OriginWatch says why there is one.
    [Fact]
    public void Only_the_watch_on_origin_connections_travels_with_the_flow()
    {
        string[] projects = ["Slice.Core", "Slice.Net", "Slice.Host"];
        var files = projects
            .SelectMany(project => Directory.GetFiles(Path.Combine(Support.Repository.Root, project), "*.cs", SearchOption.AllDirectories))
            .Where(path => !path.Contains("/obj/", StringComparison.Ordinal)
                && File.ReadAllText(path).Contains("AsyncLocal<", StringComparison.Ordinal));
        Assert.Equal(["OriginWatch.cs"], files.Select(Path.GetFileName));
    }

    // The clock is the caller's: in Core, time comes in as a TimeProvider.
    [Theory]
    [InlineData("DateTime.UtcNow")]
    [InlineData("DateTimeOffset.UtcNow")]
    [InlineData("DateTime.Now")]
    [InlineData("Stopwatch.")]
    [InlineData("Environment.TickCount")]
    public void Core_and_net_read_no_clock_of_their_own(string clock)
    {
        string[] sources =
        [
            .. Directory.GetFiles(Path.Combine(Repository.Root, "Slice.Core"), "*.cs", SearchOption.AllDirectories),
            .. Directory.GetFiles(Path.Combine(Repository.Root, "Slice.Net"), "*.cs", SearchOption.AllDirectories),
        ];
        Assert.DoesNotContain(
            sources.Where(path => !path.Contains("/obj/", StringComparison.Ordinal)),
            path => File.ReadAllText(path).Contains(clock, StringComparison.Ordinal));
    }

    // Each as "type -> type".
    private static IEnumerable<string> OffencesOf(string project, string folder)
    {
        var (assembly, root, folders) = s_layers.Single(layer => layer.Root == project);
        return
            from type in TypesOf(assembly)
            where FolderOf(type, root) == folder
            from used in TypeUses.Of(type)
            where used.Namespace?.StartsWith(root, StringComparison.Ordinal) == true
            where Array.IndexOf(folders, FolderOf(used, root)) > Array.IndexOf(folders, folder)
            select $"{type.FullName} -> {used.FullName}";
    }

    private static IEnumerable<Type> TypesOf(Assembly assembly) => assembly.GetTypes().Where(IsOurs);

    private static string FolderOf(Type type, string root) =>
        type.Namespace!.Length == root.Length ? "" : type.Namespace[(root.Length + 1)..];

    private static bool IsOurs(Type type) =>
        type.DeclaringType is null
        && type.Namespace is not null
        && !type.Namespace.StartsWith("System", StringComparison.Ordinal)
        && !type.Namespace.StartsWith("Microsoft", StringComparison.Ordinal);

    private static HashSet<string?> References(Assembly assembly) => [.. assembly.GetReferencedAssemblies().Select(name => name.Name)];
}
