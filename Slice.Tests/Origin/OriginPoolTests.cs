using Slice.Core.Options;
using Slice.Core.Origin;
using Slice.Net.Origin;
using Slice.Tests.Support;

namespace Slice.Tests.Origin;

/// <summary>How long connections are kept, where new ones go, and what is told of those that never came to be (B65).</summary>
public sealed class OriginPoolTests
{
    private static readonly Uri s_uri = new("http://origin.test/");

    [Fact]
    [Trait("Behaviour", "B65")]
    public async Task Name_that_leads_elsewhere_is_followed_when_the_lifetime_is_over()
    {
        await using var before = StartOrigin();
        await using var after = StartOrigin();
        var book = new AddressBook(before.Port, after.Port) { Current = [1] };
        using var pool = NewPool(book, new TimeoutOptions { UpstreamConnectionLifetime = TimeSpan.FromMilliseconds(1) });
        await AskAsync(pool);
        Assert.Equal(1, before.RequestCount);

        book.Current = [2];

        await Eventually.TrueAsync(
            async () =>
            {
                await AskAsync(pool);
                return after.RequestCount > 0;
            },
            () => "a request goes where the name leads now");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(300)]
    [Trait("Behaviour", "B65")]
    public async Task Connection_is_used_again_within_its_lifetime_and_0_is_no_limit(int seconds)
    {
        await using var before = StartOrigin();
        await using var after = StartOrigin();
        var book = new AddressBook(before.Port, after.Port) { Current = [1] };
        using var pool = NewPool(book, new TimeoutOptions { UpstreamConnectionLifetime = TimeSpan.FromSeconds(seconds) });
        await AskAsync(pool);

        book.Current = [2];
        await AskAsync(pool);

        Assert.Equal((1, 2, 0), (before.ConnectionCount, before.RequestCount, after.RequestCount));
    }

    [Fact]
    public async Task Connection_that_idles_longer_than_upstream_idle_is_not_used_again()
    {
        await using var origin = StartOrigin();
        using var pool = NewPool(new AddressBook(origin.Port), new TimeoutOptions { UpstreamIdle = TimeSpan.FromMilliseconds(1) });

        // The pool looks for them once a second.
        await Eventually.TrueAsync(
            async () =>
            {
                await AskAsync(pool);
                return origin.ConnectionCount > 1;
            },
            () => "a second connection");
    }

    [Fact]
    [Trait("Behaviour", "B65")]
    public async Task Dead_address_costs_a_moment_and_not_the_request()
    {
        await using var origin = StartOrigin();
        using var pool = NewPool(new AddressBook(0, origin.Port), new TimeoutOptions());

        await AskAsync(pool);

        Assert.Equal(1, origin.RequestCount);
    }

    [Fact]
    [Trait("Behaviour", "B65")]
    public async Task Connect_that_takes_too_long_tells_how_far_it_came()
    {
        using var nobody = new RefusingPort();
        var book = new AddressBook(nobody.Uri.Port, 0);
        using var pool = NewPool(book, new TimeoutOptions { Connect = TimeSpan.FromMilliseconds(50) });

        var failure = await FailureAsync(pool);

        Assert.Equal(FetchError.ConnectionTimeout, failure.Error);
        Assert.Equal(
            "no connection to http://origin.test:80 within 0.05 s: 192.0.2.1: Connection refused; 192.0.2.2: no answer", failure.Detail);
    }

    [Fact]
    [Trait("Behaviour", "B65")]
    public async Task Lookup_that_takes_too_long_is_told_as_such()
    {
        var resolver = new TaskCompletionSource<System.Net.IPAddress[]>();
        var options = new SliceOptions { Timeouts = new TimeoutOptions { Connect = TimeSpan.FromMilliseconds(50) } };
        using var pool = new OriginPool(
            options, new OriginConnector(options, TimeProvider.System, _ => resolver.Task, OriginConnector.DialAsync));

        var failure = await FailureAsync(pool);

        Assert.Equal(FetchError.ConnectionTimeout, failure.Error);
        Assert.Equal(
            "no connection to http://origin.test:80 within 0.05 s: the name origin.test is still being looked up", failure.Detail);
    }

    [Fact]
    [Trait("Behaviour", "B65")]
    public async Task Addresses_that_all_fail_are_named()
    {
        using var first = new RefusingPort();
        using var second = new RefusingPort();
        using var pool = NewPool(new AddressBook(first.Uri.Port, second.Uri.Port), new TimeoutOptions());

        var failure = await FailureAsync(pool);

        Assert.Equal(FetchError.ConnectionRefused, failure.Error);
        Assert.Equal(
            "http://origin.test:80: 192.0.2.1: Connection refused; 192.0.2.2: Connection refused", failure.Detail);
    }

    private static ScriptedOrigin StartOrigin() => ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", "here"));

    private static OriginPool NewPool(AddressBook book, TimeoutOptions timeouts)
    {
        var options = new SliceOptions { Timeouts = timeouts };
        return new OriginPool(options, new OriginConnector(options, TimeProvider.System, book.ResolveAsync, book.DialAsync));
    }

    private static async Task AskAsync(OriginPool pool)
    {
        var ct = TestContext.Current.CancellationToken;
        using var request = new HttpRequestMessage(HttpMethod.Get, s_uri);
        using var response = await Deadline.WithinAsync(pool.SendAsync(request, ct), "the response head");
        Assert.Equal("here", await response.Content.ReadAsStringAsync(ct));
    }

    private static async Task<Failure> FailureAsync(OriginPool pool)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, s_uri);
        var error = await Record.ExceptionAsync(
            () => Deadline.WithinAsync(pool.SendAsync(request, TestContext.Current.CancellationToken), "the failure"));
        Assert.NotNull(error);
        return OriginFailures.Of(error, OriginEndpoint.Of(s_uri), TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(1));
    }
}
