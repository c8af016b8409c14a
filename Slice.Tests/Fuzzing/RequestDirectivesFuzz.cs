using System.Buffers;
using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Tests.Support;

namespace Slice.Tests.Fuzzing;

/// <summary>The client's Cache-Control (RFC 9111 §5.2.1): the same on one line or on several, and no time out of bounds.</summary>
public sealed class RequestDirectivesFuzz
{
    private static readonly FuzzGrammar s_grammar = CacheControlFuzz.Grammar with
    {
        Seeds =
        [
            "no-cache", "no-store, max-age=0", "max-age=60, min-fresh=\"30\"", "max-stale", "max-stale=, only-if-cached",
            "MAX-STALE=9223372036854775808", "stale-if-error=\"x, no-cache\"",
        ],
        Words =
        [
            "no-cache", "no-store", "only-if-cached", "max-age=", "min-fresh=", "max-stale", "max-stale=", "stale-if-error=",
            "=", ",", "\"", "\\", " ", "\t", "-1", "x", "\u00e9",
        ],
        LongestInput = 600,
    };

    [Fact]
    [Trait("Behaviour", "B28")]
    public Task Any_value_is_read_alike_on_one_line_or_several() => FuzzRun.RunAsync(s_grammar, 25_000, Check);

    private static void Check(byte[] input)
    {
        string value = Wire.Text(input);
        bool isOneLine = !value.AsSpan().ContainsAny('\r', '\n');
        if (!isOneLine || Read(value) is not { } directives)
        {
            return;
        }

        foreach (TimeSpan? time in new[] { directives.MaxAge, directives.MinFresh, directives.StaleIfError })
        {
            Assert.InRange(time ?? TimeSpan.Zero, TimeSpan.Zero, TimeSpan.FromSeconds(int.MaxValue));
        }

        Assert.True(directives.MaxStale is null or { Ticks: >= 0 });
        Assert.Equal(directives, Read("", value));
        Assert.Equal(directives, Read("x-unknown", value, "x=\"no-store\""));
        Assert.Equal(directives with { NoStore = true }, Read(value, "no-store"));
        if (value.Length < 400)
        {
            Assert.Equal(directives, Read("x=\"only-if-cached, \\\" no-store\" , " + value));
            Assert.Equal(directives with { OnlyIfCached = true }, Read("only-if-cached," + value));
        }
    }

    // Null when the value is none that a head can carry.
    private static RequestDirectives? Read(params string[] lines)
    {
        var head = new RequestHead();
        string text = $"GET / HTTP/1.1\r\nHost: a\r\n{string.Concat(lines.Select(line => $"Cache-Control: {line}\r\n"))}\r\n";
        RequestHeadStatus status = new RequestHeadParser(new RequestHeadLimits()).Parse(
            new ReadOnlySequence<byte>(Wire.Bytes(text)), head, out _, out _, out _);
        RequestDirectives? directives = status == RequestHeadStatus.Complete ? RequestDirectives.Read(head.Fields) : null;
        head.Reset();
        return directives;
    }
}
