using System.Text;
using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.AccessLog;

/// <summary>Formats of the access log: what is refused is refused at the start, with the names of all fields.</summary>
public sealed class AccessLogFormatTests
{
    [Theory]
    [InlineData("combind", "neither the name of a format nor a template")]
    [InlineData("", "neither the name of a format nor a template")]
    [InlineData("{{client}}", "neither the name of a format nor a template")]
    [InlineData("{client} {agent}", "no such field: {agent}")]
    [InlineData("{Client}", "no such field: {Client}")]
    [InlineData("{client", "a single {; in a template {{ stands for one")]
    [InlineData("client} {status}", "a single }; in a template }} stands for one")]
    [InlineData("{status}\n{client}", "a line cannot have control characters")]
    public void Wrong_format_is_named(string text, string problem) => Assert.Equal(problem, AccessLogFormat.Parse(text, out _));

    [Theory]
    [InlineData(64, true)]
    [InlineData(65, false)]
    public void Fields_of_a_template_are_bounded(int fields, bool isValid) =>
        Assert.Equal(isValid, AccessLogFormat.Parse(string.Concat(Enumerable.Repeat("{status}", fields)), out _) is null);

    [Theory]
    [InlineData(2048, true)]
    [InlineData(2049, false)]
    public void Text_of_a_template_is_bounded(int bytes, bool isValid) =>
        Assert.Equal(isValid, AccessLogFormat.Parse("{status}" + new string('a', bytes), out _) is null);

    [Fact]
    public void Template_is_texts_and_fields_in_turn()
    {
        Assert.Null(AccessLogFormat.Parse("{{{status}}}é{client}", out var format));
        Assert.Equal(
            ["{", "Status", "}é", "Client"],
            format!.Pieces.ToArray().Select(piece => piece.Field?.ToString() ?? Encoding.UTF8.GetString(piece.Text.Span)));
    }

    [Theory]
    [InlineData("json")]
    [InlineData("logfmt")]
    public void Records_have_every_field_but_those_that_repeat_others(string name)
    {
        Assert.Null(AccessLogFormat.Parse(name, out var format));
        Assert.Equal(
            Enum.GetValues<AccessLogField>().Except([AccessLogField.TimeLocal, AccessLogField.Request]),
            format!.Pieces.ToArray().Select(piece => piece.Field).OfType<AccessLogField>());
    }

    [Fact]
    public void Error_of_the_configuration_lists_the_fields()
    {
        var error = Assert.Single(OptionTable.Find("access_log.format")!.Check("{nothing}"));
        Assert.Equal("no such field: {nothing}", error.Problem);
        Assert.All(AccessLogFormat.FieldNames, name => Assert.Contains($"{{{name}}}", error.Allowed, StringComparison.Ordinal));
    }

    // docs/logging.md, "Fields": one row for each, in this order.
    [Fact]
    public void Fields_of_the_document_are_those_of_the_product() => Assert.Equal(
        AccessLogFormat.FieldNames,
        Repository.Read("docs/logging.md").Split("\n## Fields\n")[1].Split("\n## ")[0].Split('\n')
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .Select(line => line.Split('`')[1]));
}
