using Slice.Host.Service;
using Slice.Tests.Support;

namespace Slice.Tests.Host.Service;

/// <summary>Which format a scraper gets, by what real scrapers send.</summary>
public sealed class ExpositionFormatTests
{
    [Theory]
    [InlineData("")]
    [InlineData("Accept: */*")]
    [InlineData("Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")]
    [InlineData("Accept: text/plain;version=0.0.4")]
    [InlineData("Accept: application/*")]
    [InlineData("Accept: application/openmetrics-text;q=0, text/plain")]
    [InlineData("Accept: application/openmetrics-text;version=1.0.0;q=0.4,text/plain;version=0.0.4;q=0.5")]
    [InlineData("Accept: application/openmetrics-text;version=2.0.0,text/plain;q=0.5")]
    [InlineData("Accept: application/openmetrics-text;q=much")]
    public void Classic_text_is_for_everybody_who_does_not_prefer_openmetrics(string field) =>
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", FormatFor(field));

    [Theory]
    [InlineData("Accept: application/openmetrics-text")]
    [InlineData("accept: Application/OpenMetrics-Text; Version=\"1.0.0\"")]

    // Prometheus 2.42, and 3.
    [InlineData("Accept: application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
        + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1")]
    [InlineData("Accept: application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;"
        + "version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2")]
    [InlineData("Accept: text/plain;q=0.5\r\nAccept: application/openmetrics-text;version=1.0.0;q=0.5")]
    public void Openmetrics_is_for_who_asks_for_it(string field) =>
        Assert.Equal("application/openmetrics-text; version=1.0.0; charset=utf-8", FormatFor(field));

    private static string FormatFor(string fields) => ExpositionFormat.For(Heads.Get(fields.Length > 0 ? fields.Split("\r\n") : []).Fields);
}
