using System.Reflection;
using Microsoft.Extensions.Logging;
using Slice.Core.Storage;
using Slice.Host.Logging;
using Slice.Host.Service;
using Slice.Net.Connections;

namespace Slice.Tests;

/// <summary>Operators filter and count log lines by event: no two events share a number or a name.</summary>
public sealed class LogEventTests
{
    private static readonly LoggerMessageAttribute[] s_events =
    [
        .. new[] { typeof(SliceStore), typeof(SliceConnectionHandler), typeof(ExitCode) }
            .SelectMany(type => type.Assembly.GetTypes())
            .SelectMany(type => type.GetMethods(
                BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Select(method => method.GetCustomAttribute<LoggerMessageAttribute>())
            .OfType<LoggerMessageAttribute>(),
    ];

    [Fact]
    public void Events_are_found() => Assert.InRange(s_events.Length, 20, 500);

    [Fact]
    public void No_two_events_share_a_number() => Assert.Empty(Repeated(s_events.Select(message => message.EventId)));

    [Fact]
    public void No_two_events_share_a_name() => Assert.Empty(Repeated(s_events.Select(message => message.EventName)));

    [Fact]
    public void Every_event_has_a_name_of_lower_case_words() =>
        Assert.All(s_events, message => Assert.Matches("^[a-z][a-z0-9]*(_[a-z0-9]+)*$", message.EventName!));

    // Values stand in fields of their own: what is left of the message must read as a sentence without them.
    [Fact]
    public void Words_of_every_message_are_whole_without_its_values() => Assert.All(s_events, message =>
    {
        string words = LogMessage.WordsOf(message.Message.Replace("{words}", "words", StringComparison.Ordinal));
        Assert.NotEmpty(words);
        Assert.DoesNotContain("…", words, StringComparison.Ordinal);
    });

    private static IEnumerable<T> Repeated<T>(IEnumerable<T> values) =>
        values.GroupBy(value => value).Where(group => group.Count() > 1).Select(group => group.Key);
}
