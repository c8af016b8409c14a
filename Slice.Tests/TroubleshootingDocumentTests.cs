using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using Slice.Core.Origin;
using Slice.Core.Storage;
using Slice.Host.Service;
using Slice.Net.Connections;
using Slice.Tests.Support;

namespace Slice.Tests;

/// <summary>docs/troubleshooting.md explains every line of the log, and names no line, error or word that there is not.</summary>
public sealed partial class TroubleshootingDocumentTests
{
    private static readonly string s_document = Repository.Read("docs/troubleshooting.md");

    private static readonly string[] s_events =
    [
        .. new[] { typeof(SliceStore), typeof(SliceConnectionHandler), typeof(ExitCode) }
            .SelectMany(type => type.Assembly.GetTypes())
            .SelectMany(type => type.GetMethods(
                BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Select(method => method.GetCustomAttribute<LoggerMessageAttribute>()?.EventName)
            .OfType<string>()
            .Order(StringComparer.Ordinal),
    ];

    [Fact]
    public void Every_log_line_has_a_row_and_every_row_a_log_line() => Assert.Equal(
        s_events,
        Section("Log lines").Split('\n')
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .SelectMany(line => Name().Matches(line.Split('|')[1]).Select(match => match.Groups[1].Value))
            .Order(StringComparer.Ordinal));

    [Fact]
    public void Every_log_line_that_is_named_is_there() => Assert.All(
        NamedEvent().Matches(s_document), match => Assert.Contains(match.Groups[1].Value, s_events));

    [Fact]
    public void Every_word_of_a_failure_is_one() => Assert.All(
        Section("Clients get errors").Split('\n')
            .Where(line => line.StartsWith("| 50", StringComparison.Ordinal))
            .SelectMany(line => Name().Matches(line.Split('|')[2])),
        match => Assert.Contains(
            match.Groups[1].Value, Enum.GetValues<FetchError>().Select(error => error.Token()).Append("only-if-cached")));

    [Fact]
    public void Every_detail_is_a_word_of_the_list()
    {
        string list = Repository.Read("docs/configuration.md");
        string[] rows = Section("Nothing, or too little, is cached").Split("\n\n")
            .Single(block => block.StartsWith("| `detail`", StringComparison.Ordinal)).Split('\n');
        Assert.True(rows.Length > 10);
        Assert.All(
            rows.Skip(2).SelectMany(line => Name().Matches(line.Split('|')[1])),
            match => Assert.Contains($"\n- `{match.Groups[1].Value}`: ", list, StringComparison.Ordinal));
    }

    private static string Section(string heading) => s_document.Split($"\n## {heading}\n")[1].Split("\n## ")[0];

    [GeneratedRegex("`([a-z0-9_-]+)`")]
    private static partial Regex Name();

    [GeneratedRegex("`event=([a-z_]+)`")]
    private static partial Regex NamedEvent();
}
