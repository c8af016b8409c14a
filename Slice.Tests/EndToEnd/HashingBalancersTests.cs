using System.Globalization;
using System.Text.RegularExpressions;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// The shipped configurations give every URL to one instance, in about even shares, and an instance that goes moves no URL but its own.
/// </summary>
public sealed partial class HashingBalancersTests : IAsyncLifetime
{
    private const int Instances = 3;
    private const int Urls = 300;
    private const int Gone = 1;

    private readonly ScriptedOrigin[] _instances = new ScriptedOrigin[Instances];
    private volatile bool _isDraining;
    private bool _isClosed;

    public ValueTask InitializeAsync()
    {
        for (int index = 0; index < Instances; index++)
        {
            int number = index;
            _instances[index] = ScriptedOrigin.Start(
                exchange => exchange.RespondAsync(
                    _isDraining && number == Gone ? "503 Service Unavailable" : "200 OK", number.ToString(CultureInfo.InvariantCulture)),
                keepsRequests: false);
        }

        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        foreach (var (number, instance) in _instances.Index())
        {
            await (_isClosed && number == Gone ? ValueTask.CompletedTask : instance.DisposeAsync());
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Url_meets_the_same_instance_whatever_its_query_and_range(bool isNginx)
    {
        await using var balancer = await StartAsync(isNginx);
        string[] first = await InstancesOfAsync(balancer, Url);

        Assert.Equal(first, await InstancesOfAsync(balancer, Url));
        Assert.Equal(first, await InstancesOfAsync(balancer, index => Url(index) + "?token=" + Url(index + 1), "Range: bytes=4-7"));

        // An even share is 100; 68 of that is four standard deviations of drawing lots.
        Assert.Equal(Instances, first.Distinct().Count());
        Assert.All(first.CountBy(instance => instance), share => Assert.InRange(share.Value, 68, 132));
    }

    // As the comments of the files tell to.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Queries_of_one_path_are_spread_where_the_query_counts(bool isNginx)
    {
        await using var balancer = await StartAsync(isNginx, text => text
            .Replace("balance uri path-only", "balance uri whole", StringComparison.Ordinal)
            .Replace("hash $uri consistent", "hash $request_uri consistent", StringComparison.Ordinal));

        string[] first = await InstancesOfAsync(balancer, index => "/get?file=" + Url(index));

        Assert.Equal(Instances, first.Distinct().Count());
        Assert.Equal(first, await InstancesOfAsync(balancer, index => "/get?file=" + Url(index)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Instance_that_goes_moves_its_own_urls_and_no_other(bool isNginx)
    {
        await using var balancer = await StartAsync(isNginx);
        string[] before = await InstancesOfAsync(balancer, Url);
        await TakeAwayAsync(balancer, Array.IndexOf(before, Name(Gone)), isNginx);

        string[] after = await InstancesOfAsync(balancer, Url);

        Assert.All(before.Zip(after), url => Assert.True(url.First == Name(Gone) ? url.Second != url.First : url.Second == url.First));

        // Those of the one that went go to both others.
        Assert.Equal(Instances - 1, before.Zip(after).Where(url => url.First == Name(Gone)).Select(url => url.Second).Distinct().Count());
    }

    // HAProxy's ring is the same every time. With weight 1 the shares of these URLs are 302 to 458, with the shipped one 358 to 393.
    [Fact]
    public async Task Shares_of_eight_instances_behind_haproxy_are_even()
    {
        const int Many = 8;
        ScriptedOrigin[] more =
        [
            .. Enumerable.Range(Instances, Many - Instances).Select(number => ScriptedOrigin.Start(
                exchange => exchange.RespondAsync("200 OK", Name(number)), keepsRequests: false)),
        ];
        try
        {
            await using var haproxy = await StartAsync(isNginx: false, text => text + string.Concat(more.Index().Select(instance =>
                string.Create(
                    CultureInfo.InvariantCulture, $"    server slice{Instances + instance.Index + 1} {instance.Item.Authority}\n"))));

            string[] instances = await InstancesOfAsync(
                haproxy, index => string.Create(CultureInfo.InvariantCulture, $"/downloads/file-{index}.iso"), urls: 3000);

            var shares = instances.CountBy(instance => instance).ToDictionary();
            Assert.Equal(Many, shares.Count);
            Assert.All(shares.Values, share => Assert.InRange(share, 330, 420));
        }
        finally
        {
            foreach (ScriptedOrigin instance in more)
            {
                await instance.DisposeAsync();
            }
        }
    }

    // HAProxy counts requests in flight, so those of one URL that nobody has answered yet go on to others at the bound.
    [Fact]
    public async Task Bound_spreads_a_url_that_everybody_asks_for()
    {
        await using var haproxy = await StartAsync(
            isNginx: false, text => text.Replace("#hash-balance-factor", "hash-balance-factor", StringComparison.Ordinal));
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        int[] asked = new int[Instances];
        foreach (var (number, instance) in _instances.Index())
        {
            instance.Answer = async exchange =>
            {
                if (exchange.Request.Target != "/health")
                {
                    Interlocked.Increment(ref asked[number]);
                    await exchange.WaitAsync(gate.Task);
                }

                await exchange.RespondAsync("200 OK");
            };
        }

        Task<RawResponse>[] requests = [.. Enumerable.Range(0, 12).Select(_ => RawClient.GetAsync(haproxy.EndPoint, "/hot"))];
        await Eventually.TrueAsync(() => asked.Sum() == requests.Length, () => $"{asked.Sum()} of the requests have arrived");

        // 1.5 times four, and one that is on its way.
        Assert.All(asked, count => Assert.InRange(count, 0, 7));
        Assert.True(asked.Count(count => count > 0) >= 2);
        gate.SetResult();
        Assert.All(await Task.WhenAll(requests), response => Assert.Equal(200, response.StatusCode));
    }

    private static string Url(int index) => string.Create(CultureInfo.InvariantCulture, $"/downloads/{index}/file-{index}.iso");

    private static string Name(int instance) => instance.ToString(CultureInfo.InvariantCulture);

    private static async Task<string[]> InstancesOfAsync(LocalServer balancer, Func<int, string> url, string fields = "", int urls = Urls)
    {
        using RawClient client = await RawClient.ConnectAsync(balancer.EndPoint);
        string[] names = new string[urls];
        for (int index = 0; index < urls; index++)
        {
            await client.SendAsync(RawClient.Request("GET", url(index), fields.Length == 0 ? [] : [fields]));
            names[index] = (await client.ReadResponseAsync()).BodyText;
        }

        return names;
    }

    // HAProxy is told by /health, nginx finds nobody at the port.
    private async Task TakeAwayAsync(LocalServer balancer, int ownUrl, bool isNginx)
    {
        _isDraining = true;
        if (isNginx)
        {
            _isClosed = true;
            await _instances[Gone].DisposeAsync();
            return;
        }

        await Eventually.TrueAsync(
            async () => (await RawClient.GetAsync(balancer.EndPoint, Url(ownUrl))).BodyText != Name(Gone),
            () => "HAProxy gives its requests to others");
    }

    private async Task<LocalServer> StartAsync(bool isNginx, Func<string, string>? change = null)
    {
        int next = 0;
        string shipped = Repository.Read(isNginx ? "systemd/nginx.conf" : "systemd/haproxy.cfg");
        string configuration = InstancePort()
            .Replace((change ?? (text => text))(shipped), _ => _instances[next++].Authority)
            .Replace("listen 80;", "listen 127.0.0.1:{{port}};", StringComparison.Ordinal)
            .Replace("bind :80", "bind 127.0.0.1:{{port}}", StringComparison.Ordinal);
        return isNginx ? await NginxServer.StartAsync(configuration) : await HaproxyServer.StartAsync(configuration);
    }

    [GeneratedRegex("127\\.0\\.0\\.1:808[0-2]")]
    private static partial Regex InstancePort();
}
