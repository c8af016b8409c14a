using System.Net;
using System.Net.Sockets;
using Slice.Core.Origin;
using Slice.Net.Origin;
using Slice.Tests.Support;

namespace Slice.Tests.Origin;

/// <summary>Names are looked up when a connection is made, once for all who wait, and what fails is told in words.</summary>
public sealed class OriginNamesTests
{
    private readonly IPAddress[] _addresses = [IPAddress.Parse("192.0.2.1")];

    [Theory]
    [InlineData(SocketError.HostNotFound, "the name origin.test has no address")]
    [InlineData(SocketError.NoData, "the name origin.test has no address")]
    [InlineData(SocketError.TryAgain, "the name origin.test cannot be looked up at the moment: no name server answers")]
    [InlineData(SocketError.NoRecovery, "the name origin.test cannot be looked up: the name server refuses to answer")]
    public async Task Failed_lookup_names_the_host(SocketError error, string expected)
    {
        var names = new OriginNames(_ => throw new SocketException((int)error));

        var failure = await Assert.ThrowsAsync<OriginConnectException>(() => LookUpAsync(names));

        Assert.Equal((FetchError.DnsError, expected), (failure.Error, failure.Message));
    }

    [Fact]
    public async Task Name_without_addresses_is_a_failed_lookup()
    {
        var names = new OriginNames(_ => Task.FromResult<IPAddress[]>([]));

        var failure = await Assert.ThrowsAsync<OriginConnectException>(() => LookUpAsync(names));

        Assert.Equal((FetchError.DnsError, "the name origin.test has no address"), (failure.Error, failure.Message));
    }

    [Fact]
    public async Task Those_who_ask_meanwhile_share_one_lookup_and_one_of_them_may_leave()
    {
        int lookups = 0;
        var resolver = new TaskCompletionSource<IPAddress[]>();
        var names = new OriginNames(_ => Interlocked.Increment(ref lookups) > 0 ? resolver.Task : throw new InvalidOperationException());
        using var leaving = new CancellationTokenSource();
        var first = names.LookUpAsync("origin.test", leaving.Token);
        var second = LookUpAsync(names);
        var other = names.LookUpAsync("other.test", TestContext.Current.CancellationToken);

        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        resolver.SetResult(_addresses);

        Assert.Equal(_addresses, await second);
        Assert.Equal(_addresses, await other);
        Assert.Equal(2, lookups);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Behaviour", "B65")]
    public async Task Name_is_looked_up_anew_for_the_next_connection(bool failsFirst)
    {
        int lookups = 0;
        var names = new OriginNames(_ => ++lookups == 1 && failsFirst
            ? Task.FromException<IPAddress[]>(new SocketException((int)SocketError.TryAgain))
            : Task.FromResult<IPAddress[]>([new IPAddress([192, 0, 2, (byte)lookups])]));

        var first = await Record.ExceptionAsync(() => LookUpAsync(names));

        Assert.Equal(failsFirst, first is not null);
        Assert.Equal([new IPAddress([192, 0, 2, 2])], await LookUpAsync(names));
    }

    private static Task<IPAddress[]> LookUpAsync(OriginNames names) =>
        Deadline.WithinAsync(names.LookUpAsync("origin.test", TestContext.Current.CancellationToken), "the answer");
}
