namespace Slice.Core.Options;

/// <summary>How the values of a line of the access log are written.</summary>
public enum AccessLogSyntax
{
    /// <summary>As the format says, with <c>-</c> for what there is not; quotes and what is not visible ASCII as <c>\xHH</c>.</summary>
    Text,

    /// <summary>A member of a JSON object (RFC 8259), with <c>null</c> for what there is not.</summary>
    Json,

    /// <summary>As <see cref="Text"/>, in quotes where the value needs them.</summary>
    Logfmt,
}
