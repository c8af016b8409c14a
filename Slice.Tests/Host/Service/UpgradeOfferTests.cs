using Slice.Host.Service;

namespace Slice.Tests.Host.Service;

/// <summary>What a process leaves to the one that replaces it, and what the service manager leaves to a process it starts.</summary>
public sealed class UpgradeOfferTests
{
    private const int ProcessId = 77;

    [Fact]
    public void Offer_is_read_as_it_was_written()
    {
        HandedDescriptor[] sockets = [new(7, null, IsHeld: true), new(9, null, IsHeld: false)];
        var offer = new UpgradeOffer("12", "13", sockets);

        Assert.Equal("ready:12 go:13 held:7 socket:9", offer.Format());
        UpgradeOffer read = UpgradeOffer.Parse(offer.Format())!;
        Assert.Equal(("12", "13"), (read.Ready, read.Go));
        Assert.Equal(offer.Sockets, read.Sockets);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("ready:12")]
    [InlineData("ready:12 go:x")]
    [InlineData("ready:12 go:13 held:-1")]
    [InlineData("ready:12 go:13 other:4")]
    [InlineData("ready:12  go:13")]
    public void Anything_else_is_no_offer(string? value) => Assert.Null(UpgradeOffer.Parse(value));

    [Fact]
    public void Sockets_of_the_manager_begin_at_3_and_have_their_names() => Assert.Equal(
        [new HandedDescriptor(3, "proxy", IsHeld: true), new HandedDescriptor(4, "metrics", IsHeld: true)],
        FromManager(("LISTEN_PID", "77"), ("LISTEN_FDS", "2"), ("LISTEN_FDNAMES", "proxy:metrics")));

    [Fact]
    public void Sockets_without_names_are_sockets() => Assert.Equal(
        [new HandedDescriptor(3, null, IsHeld: true)], FromManager(("LISTEN_PID", "77"), ("LISTEN_FDS", "1")));

    [Theory]
    [InlineData("78", "1")]
    [InlineData("", "1")]
    [InlineData("77", "0")]
    [InlineData("77", "-1")]
    [InlineData("77", "1000000")]
    [InlineData("77", "one")]
    public void Sockets_of_another_process_or_of_no_number_are_none(string processId, string count) =>
        Assert.Empty(FromManager(("LISTEN_PID", processId), ("LISTEN_FDS", count)));

    [Theory]
    [InlineData("/opt/p/pingora-slice", "/opt/p/pingora-slice", "/opt/p/pingora-slice")]
    [InlineData("/opt/p-2/pingora-slice", "/opt/p/pingora-slice", "/opt/p/pingora-slice")]
    [InlineData("/opt/p/pingora-slice", "pingora-slice", "/opt/p/pingora-slice")]
    [InlineData("/opt/bin/pingora-slice", "/opt/bin/pingora-slice.dll", "/opt/bin/pingora-slice")]
    public void Program_is_the_path_that_was_called(string running, string called, string expected)
    {
        var program = OwnProgram.Of(running, [called, "a.yaml", "--port", "1"]);
        Assert.Equal(expected, program.Path);
        Assert.Equal(["a.yaml", "--port", "1"], program.Arguments);
    }

    [Fact]
    public void Program_of_an_assembly_is_the_runtime_with_the_assembly()
    {
        var program = OwnProgram.Of("/usr/bin/dotnet", ["/opt/pingora-slice.dll", "a.yaml"]);
        Assert.Equal("/usr/bin/dotnet", program.Path);
        Assert.Equal(["/opt/pingora-slice.dll", "a.yaml"], program.Arguments);
    }

    private static IReadOnlyList<HandedDescriptor> FromManager(params (string Name, string Value)[] environment) =>
        HandedDescriptor.FromManager(name => environment.FirstOrDefault(pair => pair.Name == name).Value, ProcessId);
}
