using System.Globalization;
using System.Text;
using System.Text.Json;
using Slice.Core.Objects;
using Slice.Host.Configuration;
using Slice.Host.Service;
using Slice.Host.Text;

namespace Slice.Host.Control;

/// <summary><c>pingora-slice purge</c>: asks a running instance to forget objects, and tells what was answered, a line each.</summary>
internal static class PurgeCommandRunner
{
    private static readonly HttpMethod s_purge = new("PURGE");
    private static readonly TimeSpan s_answerTimeout = TimeSpan.FromSeconds(30);
    private static readonly RequestUrl s_everything = new("everything", null, "/*");

    /// <summary>
    /// Runs; <see cref="ExitCode.Ok"/> when nothing of what was asked for is in use any more, also when nothing was stored.
    /// </summary>
    /// <param name="order">What to do.</param>
    /// <param name="load">Loads a configuration.</param>
    /// <param name="output">Gets a line for each answer.</param>
    /// <param name="error">Gets what kept the command from asking.</param>
    /// <param name="ct">Ends it.</param>
    public static async Task<int> RunAsync(
        PurgeOrder order, Func<ConfigurationRequest, LoadedConfiguration> load, TextWriter output, TextWriter error, CancellationToken ct)
    {
        if (InstanceAddress.OfOperator(order.Instance, load, out var problems) is not { } address)
        {
            foreach (string problem in problems)
            {
                error.WriteLine($"pingora-slice: {problem}");
            }

            return ExitCode.Configuration;
        }

        using var client = new InstanceClient(address);
        bool isDone = true;
        foreach (var url in UrlsOf(order))
        {
            var outcome = await AskAsync(client, order, url, ct);
            isDone &= outcome.IsDone;
            output.WriteLine(order.Json ? Json(url, outcome) : $"{PrintableText.Escape(url.Text, int.MaxValue)}: {Describe(outcome)}");
        }

        return isDone ? ExitCode.Ok : ExitCode.CannotStart;
    }

    private static IReadOnlyList<RequestUrl> UrlsOf(PurgeOrder order) => order.Scope switch
    {
        PurgeScope.All => [s_everything],
        PurgeScope.Tags => [new RequestUrl(string.Join(',', order.Tags), null, "/")],
        _ => order.Urls,
    };

    private static List<(string Name, string Value)> FieldsOf(PurgeOrder order)
    {
        List<(string, string)> fields = order.Scope switch
        {
            PurgeScope.All => [("X-Purge-All", "true")],
            PurgeScope.Prefix => [("X-Purge-Pattern", "prefix")],
            PurgeScope.Tags => [("X-Purge-Tag", string.Join(',', order.Tags))],
            _ => [],
        };
        return order.IsSoft ? [.. fields, ("X-Purge-Soft", "1")] : fields;
    }

    private static async Task<Outcome> AskAsync(InstanceClient client, PurgeOrder order, RequestUrl url, CancellationToken ct)
    {
        // Real time, no injected clock: another process answers.
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(ct);
        timeout.CancelAfter(s_answerTimeout);
        try
        {
            using var response = await client.SendOrderAsync(s_purge, url, timeout.Token, [.. FieldsOf(order)]);
            return Read((int)response.StatusCode, await InstanceClient.ReadAnswerAsync(response, timeout.Token));
        }
        catch (HttpRequestException failure)
        {
            return new Outcome(0, 0, client.Explain(failure));
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return new Outcome(0, 0, $"no answer within {s_answerTimeout.TotalSeconds:0} s");
        }
    }

    // Whoever answers in other words than ours, a balancer for instance, has purged nothing.
    private static Outcome Read(int status, string body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            string message = json.RootElement.GetProperty("message").GetString() ?? "";
            return new Outcome(status, json.RootElement.GetProperty("purged_count").GetInt64(), message);
        }
        catch (Exception failure) when (failure is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return new Outcome(0, 0, string.Create(
                CultureInfo.InvariantCulture, $"answered {status}, and not in the words of a PURGE: nothing is purged"));
        }
    }

    private static string Describe(Outcome outcome)
    {
        string message = PrintableText.Escape(outcome.Message, 500);
        return outcome.IsDone || outcome.Status == 0
            ? message
            : string.Create(CultureInfo.InvariantCulture, $"failed with {outcome.Status}: {message}");
    }

    private static string Json(RequestUrl url, Outcome outcome)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("asked", url.Text);
            json.WriteNumber("status", outcome.Status);
            json.WriteBoolean("success", outcome.Status == 200);
            json.WriteNumber("purged_count", outcome.Slices);
            json.WriteString("message", outcome.Message);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
    }

    // The status is 0 when the instance has not answered.
    private readonly record struct Outcome(int Status, long Slices, string Message)
    {
        public bool IsDone => Status is 200 or 404;
    }
}
