using System.Net;
using System.Net.Sockets;
using Slice.Tests.Fuzzing;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd.Chaos;

/// <summary>One act of a hostile client: what it may use.</summary>
/// <param name="run">The run it disturbs.</param>
/// <param name="name">Its kind.</param>
/// <param name="random">Where it draws from.</param>
/// <param name="ct">Ends the run.</param>
internal sealed class HostileAct(ChaosRun run, string name, FuzzRandom random, CancellationToken ct)
{
    private static readonly string[] s_files =
        ["/files/plain/0", "/files/plain/1", "/files/changing/0", "/files/validated/1", "/files/moved/2", "/files/weak/0", "/files/vary/1",
         "/files/redirect/0", "/files/cutting/1"];

    /// <summary>The run.</summary>
    public ChaosRun Run => run;

    /// <summary>Where it draws from.</summary>
    public FuzzRandom Random => random;

    /// <summary>Ends the run.</summary>
    public CancellationToken Ended => ct;

    /// <summary>The proxy port.</summary>
    public IPEndPoint Proxy => run.Product.EndPoint;

    /// <summary>A file that good clients want too.</summary>
    public string File() => random.Pick(s_files);

    /// <summary>A file, or a page.</summary>
    public string Path() => random.Below(3) switch
    {
        0 => $"/pages/mixed/{random.Below(ChaosCatalogue.PerKind)}",
        1 => $"/files/plain/{random.Below(ChaosCatalogue.PerKind)}",
        _ => File(),
    };

    /// <summary>Acts; connections that end under it are part of it.</summary>
    public async Task RunAsync(Func<HostileAct, Task> act)
    {
        try
        {
            await act(this);
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            // What it does may well end like this.
        }
        catch (Exception error) when (error is InvalidDataException or TimeoutException)
        {
            run.Report($"{name}: {error.Message}");
        }
    }

    /// <summary>As <see cref="AskAsync"/>, where nobody cares for the answer.</summary>
    public Task DisturbAsync(string method, string target, params string[] fields) => AskAsync(method, target, fields);

    /// <summary>One request on a connection of its own. Nothing of it belongs to a user, and so must nothing of the answer.</summary>
    public async Task<RawResponse> AskAsync(string method, string target, params string[] fields)
    {
        using var client = await RawClient.ConnectAsync(Proxy);
        await client.SendAsync(RawClient.Request(method, target, fields));
        var response = await client.ReadEndingAsync(method);
        if (response.HeadText.Contains(": user", StringComparison.Ordinal))
        {
            run.Report($"{name} got what belongs to a user: {method} {target} {string.Join(" / ", fields)}\n{response}");
        }

        return response;
    }

    /// <summary>Several at once.</summary>
    public static Task AtOnceAsync(int count, Func<int, Task> act) => Task.WhenAll(Enumerable.Range(0, count).Select(act));

    /// <summary>Waits until the good clients have got so many answers more, or have got enough.</summary>
    public Task OthersAsync(int answers)
    {
        int until = run.GoodRequests + answers;
        return Eventually.TrueAsync(
            () => run.GoodRequests >= until || ct.IsCancellationRequested, $"good clients go on beside '{name}'", TimeSpan.FromSeconds(60));
    }

    /// <summary>Sends bytes and reads whatever comes until the connection ends, after it has ended its own side.</summary>
    public async Task DisturbRawAsync(string text)
    {
        using var client = await RawClient.ConnectAsync(Proxy);
        await client.SendAsync(text);
        client.FinishSending();
        await client.ReadToCloseAsync();
    }
}
