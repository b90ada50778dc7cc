export { OpenApiContract, vendorDocument } from './openapi-contract';
