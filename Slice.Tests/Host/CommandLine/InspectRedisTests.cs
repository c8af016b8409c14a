using System.Net;
using Slice.Core.Options;
using Slice.Host.CommandLine;
using Slice.Host.Configuration;
using Slice.Host.Service;
using Slice.Tests.SharedCache.Redis;
using Slice.Tests.Support;

namespace Slice.Tests.Host.CommandLine;

/// <summary><c>pingora-slice inspect</c> of a server of Redis that cannot be used says why, as the log of an instance does.</summary>
public sealed class InspectRedisTests(RedisTlsStoreTests.Fixture fixture) : IClassFixture<RedisTlsStoreTests.Fixture>
{
    private const string Silence = "accepts connections and does not answer (does it expect TLS, or none?)";

    [Fact]
    public async Task Server_that_can_be_used_makes_the_exit_code_0()
    {
        var (exitCode, output, error) = await RunAsync(fixture.Options);

        Assert.Equal((0, ""), (exitCode, error));
        Assert.Contains("instances  0\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Certificate_of_an_authority_that_is_not_trusted_is_named()
    {
        string reason = await RefusalAsync(fixture.Options with { TlsCaFile = null });

        Assert.StartsWith("TLS: the certificate CN=redis.test is refused: RemoteCertificateChainErrors", reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Port_for_TLS_resets_a_connection_without() =>
        Assert.Equal("no connection: Connection reset by peer", await RefusalAsync(fixture.Options with { UsesTls = false }));

    [Fact]
    public async Task Port_without_TLS_does_not_answer_a_connection_with()
    {
        await using var server = await RedisServer.StartAsync();

        Assert.Equal(Silence, await RefusalAsync(fixture.Options with { Addresses = [server.Address] }));
    }

    [Fact]
    public async Task Server_that_stands_still_accepts_connections_and_does_not_answer()
    {
        await using var server = await RedisServer.StartAsync();
        server.Pause();

        Assert.Equal(Silence, await RefusalAsync(Plain(server.Address)));
    }

    [Fact]
    public async Task Server_that_is_not_there_refuses_the_connection()
    {
        using var nobody = new RefusingPort();

        Assert.Equal("no connection: Connection refused", await RefusalAsync(Plain($"127.0.0.1:{nobody.Uri.Port}")));
    }

    [Fact]
    public async Task Address_from_which_nothing_comes_back_is_told_from_a_server_that_is_silent()
    {
        int port = FreePort.Reserve();
        using var deaf = new DeafPort(IPAddress.Loopback, port);

        Assert.Equal("no connection within 4 s", await RefusalAsync(Plain($"127.0.0.1:{port}")));
    }

    private static SharedCacheOptions Plain(string address) => new() { Type = SharedCacheType.Redis, Addresses = [address] };

    private static async Task<string> RefusalAsync(SharedCacheOptions shared)
    {
        var (exitCode, output, error) = await RunAsync(shared);
        Assert.Equal(1, exitCode);
        string name = "redis " + shared.Addresses[0];
        string begin = $"pingora-slice: the shared cache, {name}, cannot be read: {name}: ";
        Assert.StartsWith(begin, error, StringComparison.Ordinal);
        string reason = error[begin.Length..].TrimEnd('\n');
        Assert.Contains($"state      {name}: {reason}", output, StringComparison.Ordinal);
        return reason;
    }

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(SharedCacheOptions shared)
    {
        var options = new SliceOptions { Store = new CacheStoreOptions { OnDisk = false }, SharedCache = shared };
        var runner = new InspectCommandRunner(
            _ => new LoadedConfiguration(options, [], [], []), SharedTierFactory.OpenToLook, TimeProvider.System);
        var command = new InspectCommand(null, new ConfigurationRequest(), null, Json: false, Verify: false, InspectCommand.DefaultLimit);
        await using var output = new StringWriter();
        await using var error = new StringWriter();
        int exitCode = await runner.RunAsync(command, output, error, isTerminal: false, TestContext.Current.CancellationToken);
        return (exitCode, output.ToString(), error.ToString());
    }
}
