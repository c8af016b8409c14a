using System.Reflection;
using Slice.Core.Storage;
using Slice.Host.Service;
using Slice.Net.Connections;

namespace Slice.Tests;

/// <summary>Dependencies point one way: Host → Net → Core, and Core knows neither sockets nor frameworks.</summary>
public sealed class ArchitectureTests
{
    private static readonly Assembly s_core = typeof(SliceStore).Assembly;
    private static readonly Assembly s_net = typeof(SliceConnectionHandler).Assembly;
    private static readonly Assembly s_host = typeof(ExitCode).Assembly;

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
    public void Host_references_both() => Assert.Superset(new HashSet<string?> { s_core.GetName().Name, s_net.GetName().Name }, References(s_host));

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
            .. Directory.GetFiles(Path.Combine(Support.Repository.Root, "Slice.Core"), "*.cs", SearchOption.AllDirectories),
            .. Directory.GetFiles(Path.Combine(Support.Repository.Root, "Slice.Net"), "*.cs", SearchOption.AllDirectories),
        ];
        Assert.DoesNotContain(sources.Where(path => !path.Contains("/obj/", StringComparison.Ordinal)), path => File.ReadAllText(path).Contains(clock, StringComparison.Ordinal));
    }

    private static bool IsOurs(Type type) =>
        type.DeclaringType is null
        && type.Namespace is not null
        && !type.Namespace.StartsWith("System", StringComparison.Ordinal)
        && !type.Namespace.StartsWith("Microsoft", StringComparison.Ordinal);

    private static HashSet<string?> References(Assembly assembly) => [.. assembly.GetReferencedAssemblies().Select(name => name.Name)];
}
