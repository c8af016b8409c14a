using System.Buffers;
using System.Globalization;
using System.Runtime.CompilerServices;
using Slice.Host.Configuration;
using Slice.Host.Service;
using Slice.Host.Text;

namespace Slice.Host.Control;

/// <summary>
/// <c>pingora-slice warm</c>: gets objects through a running instance, so that they are in its cache, and throws the bytes away.
/// </summary>
internal sealed class WarmCommandRunner
{
    private const int BufferBytes = 128 << 10;
    private const string Hyphen = "-";

    // How long an instance may say nothing at all. Its own timeouts for the origin are shorter by default.
    private static readonly TimeSpan s_silenceLimit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_progressPeriod = TimeSpan.FromMilliseconds(500);

    private readonly InstanceClient _client;
    private readonly WarmTotals _totals;
    private readonly TextWriter _error;
    private readonly TextWriter? _progress;
    private readonly Lock _lock = new();

    private WarmCommandRunner(InstanceClient client, WarmTotals totals, TextWriter error, bool isTerminal) =>
        (_client, _totals, _error, _progress) = (client, totals, error, isTerminal ? error : null);

    /// <summary>Runs; <see cref="ExitCode.CannotStart"/> when an object could not be had.</summary>
    /// <param name="order">What to do.</param>
    /// <param name="load">Loads a configuration.</param>
    /// <param name="input">Where URLs are read from when the order says so.</param>
    /// <param name="output">Gets the summary.</param>
    /// <param name="error">Gets what failed, and the progress.</param>
    /// <param name="isTerminal">Whether somebody looks at <paramref name="error"/>.</param>
    /// <param name="time">The clock.</param>
    /// <param name="ct">Ends it.</param>
    public static async Task<int> RunAsync(
        WarmOrder order, Func<ConfigurationRequest, LoadedConfiguration> load, TextReader input, TextWriter output, TextWriter error,
        bool isTerminal, TimeProvider time, CancellationToken ct)
    {
        if (InstanceAddress.OfProxy(order.Instance, load, out var problems) is not { } address)
        {
            foreach (string problem in problems)
            {
                error.WriteLine($"pingora-slice: {problem}");
            }

            return ExitCode.Configuration;
        }

        using var client = new InstanceClient(address);
        var totals = new WarmTotals(time);
        var runner = new WarmCommandRunner(client, totals, error, isTerminal);
        await runner.RunAsync(ReadUrls(order, input, ct), order.Parallel, time, ct);
        output.WriteLine(totals.Describe());
        return totals.Failed == 0 ? ExitCode.Ok : ExitCode.CannotStart;
    }

    private async Task RunAsync(IAsyncEnumerable<string> urls, int parallel, TimeProvider time, CancellationToken ct)
    {
        using var done = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var progress = _progress is null ? Task.CompletedTask : ShowProgressAsync(_progress, time, done.Token);
        try
        {
            var bounds = new ParallelOptions { MaxDegreeOfParallelism = parallel, CancellationToken = ct };
            await Parallel.ForEachAsync(urls, bounds, (url, ct) => new ValueTask(GetAsync(url, ct)));
        }
        finally
        {
            await done.CancelAsync();
            await progress;
        }
    }

    // Read as they are needed: a list may be longer than memory.
    private static async IAsyncEnumerable<string> ReadUrls(
        WarmOrder order, TextReader input, [EnumeratorCancellation] CancellationToken ct)
    {
        foreach (string url in order.Urls)
        {
            if (url != Hyphen)
            {
                yield return url;
                continue;
            }

            while (await input.ReadLineAsync(ct) is { } line)
            {
                // Editors put a byte order mark at the beginning of a list.
                if (line.Trim().TrimStart('\uFEFF') is { Length: > 0 } listed)
                {
                    yield return listed;
                }
            }
        }
    }

    private async Task GetAsync(string text, CancellationToken ct)
    {
        if (!RequestUrl.TryParse(text, out var url))
        {
            Fail(text, $"not {RequestUrl.Syntax}");
            return;
        }

        // Real time: another process answers. The clock that is given moves the progress line alone.
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(ct);
        silence.CancelAfter(s_silenceLimit);
        try
        {
            using var response = await _client.SendAsync(HttpMethod.Get, url, silence.Token);
            int status = (int)response.StatusCode;
            if (status != 200)
            {
                Fail(text, string.Create(CultureInfo.InvariantCulture, $"answered {status}"));
                return;
            }

            await DrainAsync(response, silence);
            string cache = response.Headers.TryGetValues("Cache-Status", out var values) ? string.Join(", ", values) : "";
            bool wasThere = cache.Contains("; hit", StringComparison.Ordinal);
            _totals.Count(wasThere, isKept: wasThere || cache.Contains("; stored", StringComparison.Ordinal));
        }
        catch (HttpRequestException failure)
        {
            Fail(text, _client.Explain(failure));
        }
        catch (IOException failure)
        {
            Fail(text, $"cut off: {failure.Message}");
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            Fail(text, string.Create(CultureInfo.InvariantCulture, $"nothing came for {s_silenceLimit.TotalMinutes:0} minutes"));
        }
    }

    private async Task DrainAsync(HttpResponseMessage response, CancellationTokenSource silence)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(silence.Token);
            while (await body.ReadAsync(buffer, silence.Token) is > 0 and int read)
            {
                silence.CancelAfter(s_silenceLimit);
                _totals.AddBytes(read);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void Fail(string url, string why)
    {
        _totals.CountFailed();
        lock (_lock)
        {
            _progress?.Write("\r\u001b[K");
            _error.WriteLine($"{PrintableText.Escape(url, int.MaxValue)}: {why}");
        }
    }

    private async Task ShowProgressAsync(TextWriter terminal, TimeProvider time, CancellationToken ct)
    {
        using var timer = new PeriodicTimer(s_progressPeriod, time);
        try
        {
            while (await timer.WaitForNextTickAsync(ct))
            {
                Show($"\r\u001b[K{_totals.Describe()}");
            }
        }
        catch (OperationCanceledException)
        {
            Show("\r\u001b[K");
        }

        void Show(string line)
        {
            lock (_lock)
            {
                terminal.Write(line);
            }
        }
    }
}
