using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace Slice.Tests.Support;

/// <summary>What is shipped for Prometheus and Grafana.</summary>
internal static partial class MonitoringFiles
{
    /// <summary>The directory, from the root of the repository.</summary>
    public const string Directory = "systemd/monitoring";

    /// <summary>Reads one of them.</summary>
    public static string Read(string name) => Repository.Read($"{Directory}/{name}");

    /// <summary>The dashboard.</summary>
    public static JsonElement Dashboard() => JsonDocument.Parse(Read("grafana-dashboard.json")).RootElement;

    /// <summary>The panels of the dashboard with their expressions, as they stand in the file.</summary>
    public static IReadOnlyList<(string Title, IReadOnlyList<string> Expressions)> Panels() =>
    [
        .. Dashboard().GetProperty("panels").EnumerateArray()
            .Where(panel => panel.GetProperty("type").GetString() != "row")
            .Select(panel => (
                panel.GetProperty("title").GetString()!,
                (IReadOnlyList<string>)
                [
                    .. panel.GetProperty("targets").EnumerateArray().Select(target => target.GetProperty("expr").GetString()!),
                ])),
    ];

    /// <summary>An expression of the dashboard as Grafana sends it, with everything selected.</summary>
    public static string Fill(string expression) => expression
        .Replace("$__rate_interval", "1m", StringComparison.Ordinal)
        .Replace("$job", ".+", StringComparison.Ordinal)
        .Replace("$instance", ".+", StringComparison.Ordinal);

    /// <summary>The expressions of alerts, or of recording rules, by their names.</summary>
    public static IReadOnlyList<(string Name, string Expression)> Rules(string file)
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(Read(file)));
        return
        [
            .. ((YamlSequenceNode)yaml.Documents[0].RootNode["groups"])
                .SelectMany(group => (YamlSequenceNode)group["rules"])
                .Cast<YamlMappingNode>()
                .Select(rule => (rule.Children.First().Value.ToString(), rule["expr"].ToString())),
        ];
    }

    /// <summary>The file for a world that goes so many times as fast: every interval, timeout and <c>for</c> of it.</summary>
    public static string Faster(string text, double factor) => Interval().Replace(text, match =>
    {
        double seconds = double.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture)
            * match.Groups["unit"].Value switch { "h" => 3600, "m" => 60, _ => 1 };
        return match.Groups["key"].Value + string.Create(CultureInfo.InvariantCulture, $"{(long)(seconds * 1000 / factor)}ms");
    });

    [GeneratedRegex(@"(?<key>\b(?:for|scrape_interval|evaluation_interval|scrape_timeout): )(?<number>\d+)(?<unit>[smh])\b")]
    private static partial Regex Interval();
}
